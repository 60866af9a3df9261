import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    testTimeout: 30_000,
    // By itself it leaves one of two processors alone.
    maxWorkers: "100%",
  },
});
