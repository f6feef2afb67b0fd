import { EXIT, type ExitCode } from "../exit-codes.ts";

/** What a stage answers with: interrupted before everything else, since then nobody knows about the rest. */
export function exitCodeOf(outcome: { readonly complete: boolean; readonly troubles: number }): ExitCode {
  if (!outcome.complete) return EXIT.interrupted;
  return outcome.troubles > 0 ? EXIT.partial : EXIT.done;
}
