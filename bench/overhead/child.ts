// The process in which the modes are measured: takes the plan as a message, answers with the outcomes.
import { measureModes, type Plan } from "./modes.ts";

process.once("message", async (plan: Plan) => {
  process.send!(await measureModes(plan));
});
