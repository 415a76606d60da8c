/** Two small schemas by hand: the package itself needs no schema library. Your loops use zod or any other. */

import type { Schema } from "../core/schema.ts";
import { withJsonSchema } from "../core/schema.ts";

function textFields<const Name extends string>(names: readonly Name[]): Schema<{ readonly [N in Name]: string }> {
  type Fields = { readonly [N in Name]: string };
  const schema: Schema<Fields> = {
    "~standard": {
      version: 1,
      vendor: "pawl",
      validate(value: unknown) {
        const fields = (value ?? {}) as { readonly [name: string]: unknown };
        const wrong = names.find((name) => typeof fields[name] !== "string");
        if (wrong !== undefined) return { issues: [{ message: "a text is needed", path: [wrong] }] };
        return { value: Object.fromEntries(names.map((name) => [name, fields[name]])) as Fields };
      },
    },
  };
  const properties = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
  return withJsonSchema(schema, { type: "object", properties, required: names });
}

export const ticketSchema: Schema<{ readonly id: string; readonly text: string }> = textFields(["id", "text"]);
export const teamSchema: Schema<{ readonly team: string }> = textFields(["team"]);
