import type { ObservedCall } from "@bucketferry/storage-core/layers";
import type { Side } from "../decide/failure.ts";
import type { Reporter } from "./reporter.ts";

/** Logs every request to a side: those that did what was asked for at `debug`, all others at `info`. */
export function logCalls({ log }: Pick<Reporter, "log">): (side: Side, route: string, call: ObservedCall) => void {
  return (side, route, call) =>
    log(
      call.outcome === "ok" ? "debug" : "info",
      () =>
        `${route} ${side} ${call.operation} ${call.key ?? ""} ${call.outcome} ${Math.round(call.durationMs)} ms` +
        (call.error === undefined ? "" : ` (${call.error.message})`),
    );
}
