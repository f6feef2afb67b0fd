import { limit, observe, retry, timeout } from "../../src/layers/index.ts";
import { keepsTheContract } from "./keeps-the-contract.ts";

keepsTheContract("observe", { around: observe({ onCall: () => {} }) });
keepsTheContract("retry", { around: retry({ maxAttempts: 3, baseDelayMs: 1, maxDelayMs: 2 }) });
// Each provider has its own gate, as it has its own connections.
keepsTheContract("limit", { around: (inner) => limit({ concurrency: 8 })(inner) });
keepsTheContract("timeout", { around: timeout({ timeoutMs: 20_000, idleMs: 20_000 }) });
