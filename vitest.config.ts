import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["pawl-source"] },
  ssr: { resolve: { conditions: ["pawl-source"], externalConditions: ["pawl-source"] } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    reporters: ["default", "./test/closing-line.ts"],
    testTimeout: 60_000,
    hookTimeout: 300_000,
    // Two model engines at once with full threads are ten times slower than one after the other.
    fileParallelism: false,
  },
});
