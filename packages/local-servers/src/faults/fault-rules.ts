import type { Fault, FaultControl, FaultRule, SeenRequest } from "@bucketferry/storage-core/conformance";

export interface FaultRules extends FaultControl {
  /** Remembers a request and says what is to happen to it. */
  take(request: SeenRequest): Fault | undefined;
  /** All requests since the start; `clear` does not change it. */
  total(): number;
}

/** Rules in the order in which they were injected; the first one that fits and has times left wins. */
export function faultRules(): FaultRules {
  let rules: { readonly rule: FaultRule; passing: number; left: number }[] = [];
  let seen: SeenRequest[] = [];
  let total = 0;
  return {
    inject(rule) {
      rules.push({ rule, passing: rule.after ?? 0, left: rule.times });
    },
    clear() {
      rules = [];
      seen = [];
    },
    seen: () => [...seen],
    total: () => total,
    take(request) {
      total += 1;
      seen.push(request);
      for (const state of rules) {
        if (!fits(state.rule.match, request)) continue;
        if (state.passing > 0) {
          state.passing -= 1;
        } else if (state.left > 0) {
          state.left -= 1;
          return state.rule.fault;
        }
      }
      return undefined;
    },
  };
}

export function fits({ method, path, query }: FaultRule["match"], request: SeenRequest): boolean {
  return (
    (method === undefined || method.toUpperCase() === request.method) &&
    (path === undefined || request.path.includes(path)) &&
    (query === undefined || request.query.includes(query))
  );
}
