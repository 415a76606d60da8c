/** The thread of `trainInBackground`: one order, one reply. */

import { parentPort, workerData } from "node:worker_threads";
import { train } from "./train.ts";
import { failureOf, type TrainingOrder, type TrainingReply } from "./trainer.ts";

function replyTo({ set, warm }: TrainingOrder): TrainingReply {
  try {
    return { kind: "trained", training: train(set, warm) };
  } catch (thrown) {
    return failureOf(thrown);
  }
}

parentPort?.postMessage(replyTo(workerData as TrainingOrder));
