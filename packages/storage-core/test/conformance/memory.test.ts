import { conformanceTests } from "../../src/conformance/bind-vitest.ts";
import { memoryHarness } from "./memory-harness.ts";

conformanceTests(() => memoryHarness({ name: "memory" }), {
  title: "storage contract: memory",
});

// The other stress cases need a wire to disturb, or ask for less memory than memory's own objects take.
conformanceTests(() => memoryHarness({ name: "memory under stress", minPartBytes: 5 * 1024 ** 2 }), {
  title: "storage contract: memory under stress",
  levels: ["stress"],
  only: ["A28", "A29"],
});
