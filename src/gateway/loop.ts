/** The gateway's own loop: one run a request, one step a question. */

import { fileURLToPath } from "node:url";
import type { Answer } from "../core/answer.ts";
import { type Schema, withJsonSchema } from "../core/schema.ts";
import { defineLoop, type Loop } from "../loop/loop.ts";
import type { Step, StepName } from "../loop/step-types.ts";
import { type Asking, posedBy } from "./posed.ts";
import type { GatewayInput, StepPlan } from "./request.ts";

export const gatewayLoopName = "gateway";
/** Where this loop is found by those who go on with its runs in another process. */
export const gatewayLoopFile: string = fileURLToPath(import.meta.url);
/** Another one where the same input would be asked otherwise: runs of an earlier one are then held. */
const version = "1";

/** The loop. `onText` sees the reply to a free chat while it is written. */
export function gatewayLoop(onText?: (piece: string) => void): Loop {
  return defineLoop({
    name: gatewayLoopName,
    version,
    input: inputSchema,
    output: outputSchema,
    // The formats allow up to 400 questions in one request.
    limits: { steps: 1000, seconds: 600 },
    async run({ request, steps }, step) {
      const asked = posedBy(request).map(({ asking }, index) => ask(step, steps[index]!, asking, onText));
      const answers = await Promise.all(asked);
      return { answers: answers.map(({ value }) => value) };
    },
  });
}

function ask(
  step: Step,
  { name, index, risk }: StepPlan,
  asking: Asking,
  onText: ((piece: string) => void) | undefined,
): Promise<Answer<unknown>> {
  const at: StepName = index === null ? name : [name, index];
  const promise = risk === null ? {} : { risk };
  switch (asking.verb) {
    case "choose":
      return step.choose(at, { ...asking.spec, ...promise });
    case "judge":
      return step.judge(at, { ...asking.spec, ...promise });
    case "extract":
      return step.extract(at, { ...asking.spec, ...promise });
    case "pick":
      return step.pick(at, { ...asking.spec, ...promise });
    case "write":
      return step.write(at, { ...asking.spec, ...(onText && { onText }) });
  }
}

const inputSchema: Schema<GatewayInput> = withJsonSchema(
  {
    "~standard": {
      version: 1,
      vendor: "pawl",
      // Made by the gateway itself out of a request that was read: only that it is one is looked at.
      validate(value: unknown) {
        const input = (value ?? {}) as Partial<GatewayInput>;
        if (typeof input.request?.format === "string" && Array.isArray(input.steps)) {
          return { value: input as GatewayInput };
        }
        return { issues: [{ message: "this is no request that the gateway took" }] };
      },
    },
  },
  { type: "object", required: ["client", "request", "steps"] },
);

const outputSchema: Schema<{ readonly answers: readonly unknown[] }> = withJsonSchema(
  {
    "~standard": {
      version: 1,
      vendor: "pawl",
      validate: (value: unknown) => ({ value: value as { readonly answers: readonly unknown[] } }),
    },
  },
  { type: "object", properties: { answers: { type: "array" } }, required: ["answers"] },
);

const loop: Loop = gatewayLoop();
/** For those who find it by its file, as `pawl review` finds the loop of an answered run. */
export default loop;
