/** Every command, in the order in which help lists them. */

import type { AddCommand } from "./command.ts";
import { addBatch } from "./commands/batch.ts";
import { addCalibrate } from "./commands/calibrate.ts";
import { addDemo } from "./commands/demo.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEval } from "./commands/eval.ts";
import { addExplain } from "./commands/explain.ts";
import { addLabel } from "./commands/label.ts";
import { addLearn } from "./commands/learn.ts";
import { addMcp } from "./commands/mcp.ts";
import { addModels } from "./commands/models.ts";
import { addReplay } from "./commands/replay.ts";
import { addReview } from "./commands/review.ts";
import { addRun } from "./commands/run.ts";
import { addServe } from "./commands/serve.ts";
import { addSimilar } from "./commands/similar.ts";
import { addStatus } from "./commands/status.ts";

export const commands: readonly AddCommand[] = [
  addDemo,
  addRun,
  addServe,
  addReview,
  addBatch,
  addLabel,
  addEval,
  addExplain,
  addReplay,
  addStatus,
  addLearn,
  addCalibrate,
  addSimilar,
  addDoctor,
  addModels,
  addMcp,
];
