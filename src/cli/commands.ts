/** Every command, in the order in which help lists them. */

import type { AddCommand } from "./command.ts";
import { addDemo } from "./commands/demo.ts";
import { addExplain } from "./commands/explain.ts";
import { addModels } from "./commands/models.ts";
import { addReplay } from "./commands/replay.ts";
import { addReview } from "./commands/review.ts";
import { addRun } from "./commands/run.ts";
import { addSimilar } from "./commands/similar.ts";

export const commands: readonly AddCommand[] = [
  addDemo,
  addRun,
  addReview,
  addExplain,
  addReplay,
  addSimilar,
  addModels,
];
