import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export type Collect = (options: { readonly type: "minor" | "major" }) => void;

/**
 * V8's collector, for programs that know better than V8 when there is something to collect. `gc` exists in contexts that are
 * made after the flag was set: https://nodejs.org/api/v8.html#v8setflagsfromstringflags
 */
export function exposedCollector(): Collect {
  setFlagsFromString("--expose-gc");
  const exposed: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  return typeof exposed === "function" ? (exposed as Collect) : () => undefined;
}
