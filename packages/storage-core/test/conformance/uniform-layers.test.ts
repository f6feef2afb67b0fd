import { limit, observe, retry, takeTurns, timeout, type Turn } from "../../src/layers/index.ts";
import { keepsTheContract } from "./keeps-the-contract.ts";

const TURN: Turn = { answered: () => undefined, leave: () => undefined };

keepsTheContract("observe", { around: observe({ onCall: () => {} }) });
keepsTheContract("retry", { around: retry({ maxAttempts: 3, baseDelayMs: 1, maxDelayMs: 2 }) });
// Each provider has its own gate, as it has its own connections.
keepsTheContract("limit", { around: (inner) => limit({ concurrency: 8 })(inner) });
keepsTheContract("timeout", { around: timeout({ timeoutMs: 20_000, idleMs: 20_000 }) });
// Whoever gives everybody a turn at once, or after a moment, changes nothing.
let asked = 0;
keepsTheContract("takeTurns", {
  around: takeTurns({
    take: () => (asked++ % 2 === 0 ? TURN : undefined),
    wait: async ({ signal }, refuse) => {
      if (signal?.aborted === true) throw refuse(signal);
      return TURN;
    },
  }),
});
