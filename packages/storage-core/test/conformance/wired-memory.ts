import type { Harness } from "../../src/conformance/case.ts";
import type { Fault, FaultControl, FaultRule, SeenRequest } from "../../src/conformance/faults.ts";
import type { GetOptions, GetResult, OperationOptions, StorageProvider } from "../../src/contract/provider.ts";
import type { StorageErrorCode } from "../../src/errors/error-codes.ts";
import { StorageError, type StorageErrorDetails, type StorageOperation } from "../../src/errors/storage-error.ts";
import { openObject } from "../../src/kit/open-object.ts";
import { memoryHarness } from "./memory-harness.ts";

/** What an adapter makes of a disturbed request. Tests replace one of them to break one promise. */
export interface Reactions {
  /** An answer other than success, or one whose body is not what belongs there. */
  readonly answered: (status: number, headers: Readonly<Record<string, string>>) => Failure;
  /** The connection broke; the service may have done its work before. */
  readonly broken: (workMayBeDone: boolean) => Failure;
  /** Nothing comes at all, until the caller gives up. */
  readonly silent: (signal: AbortSignal | undefined) => Promise<never>;
  /** A body that ends early: its bytes up to there, then this. */
  readonly cut: (received: Uint8Array) => AsyncIterable<Uint8Array>;
  /** A body that comes to a halt. */
  readonly stalled: (received: Uint8Array, signal: AbortSignal | undefined) => AsyncIterable<Uint8Array>;
  /** Which bytes the answer to a ranged request has, when the service ignored the range. */
  readonly misplaced: (result: GetResult) => GetResult["range"];
  /** A successful answer that holds something else. */
  readonly unreadable: () => Failure | undefined;
}

export type Failure = readonly [StorageErrorCode, StorageErrorDetails];

const BY_STATUS: Readonly<Record<number, StorageErrorCode>> = {
  400: "InvalidArgument",
  401: "Unauthenticated",
  403: "PermissionDenied",
  404: "NotFound",
  405: "Unsupported",
  409: "Conflict",
  411: "InvalidArgument",
  412: "PreconditionFailed",
  413: "TooLarge",
  416: "InvalidRange",
  429: "RateLimited",
  501: "Unsupported",
};

/** As a right adapter reacts. */
export const RIGHT: Reactions = {
  answered: (status, headers) => [
    BY_STATUS[status] ?? (status >= 500 ? "Unavailable" : "Unknown"),
    { status, retryAfterMs: retryAfterMs(headers["retry-after"]) },
  ],
  broken: (workMayBeDone) => ["Unavailable", { applied: workMayBeDone ? "unknown" : false }],
  silent: untilAborted,
  async *cut(received) {
    yield received;
    throw new StorageError("Unavailable", "the connection broke");
  },
  async *stalled(received, signal) {
    yield received;
    await untilAborted(signal);
  },
  misplaced: ({ info }) => ({ offset: 0, length: info.size }),
  unreadable: () => ["Unknown", {}],
};

/**
 * Memory behind a wire that the fault scripts of the suite can disturb: every call is one request, and the reactions are
 * what an adapter would make of its fate. So the cases that need a wire can be shown to pass and to fail without one.
 */
export function wiredMemoryHarness(name: string, reactions: Reactions = RIGHT): Harness {
  const { faults, take } = script();
  const around = (inner: StorageProvider): StorageProvider => wired(inner, reactions, take);
  const harness = memoryHarness({ name, around, capabilities: { remote: true } });
  return { ...harness, faults, without: {} };
}

type Take = (request: SeenRequest) => Fault | undefined;

function script(): { readonly faults: FaultControl; readonly take: Take } {
  let rules: { readonly rule: FaultRule; left: number }[] = [];
  let seen: SeenRequest[] = [];
  return {
    faults: {
      inject: (rule) => void rules.push({ rule, left: rule.times }),
      clear: () => {
        rules = [];
        seen = [];
      },
      seen: () => seen,
    },
    take(request) {
      seen.push(request);
      const found = rules.find(({ rule: { match }, left }) => left > 0 && fits(match, request));
      if (found !== undefined) found.left -= 1;
      return found?.rule.fault;
    },
  };
}

function fits({ method, path = "" }: FaultRule["match"], request: SeenRequest): boolean {
  return (method === undefined || method === request.method) && request.path.includes(path);
}

function wired(inner: StorageProvider, reactions: Reactions, take: Take): StorageProvider {
  const fail = ([code, details]: Failure, operation: StorageOperation, key: string): never => {
    throw new StorageError(code, `${inner.name}: ${operation} "${key}" was disturbed`, {
      provider: inner.name,
      operation,
      key,
      ...details,
    });
  };

  /** One request: the work, and what the fault does to it. */
  const request = async <Answer>(
    [method, operation, key]: readonly [string, StorageOperation, string],
    { signal }: OperationOptions,
    work: () => Promise<Answer>,
    {
      headers = {},
      onFault,
    }: { headers?: Record<string, string>; onFault?: (fault: Fault, answer: Answer) => Answer } = {},
  ): Promise<Answer> => {
    // What the kit refuses, no wire has seen.
    if (signal?.aborted === true || key === "") return work();
    const fault = take({ method, path: `/${inner.bucket}/${key}`, query: "", headers });
    if (fault === undefined) return work();
    switch (fault.kind) {
      case "silence":
        return reactions.silent(signal);
      case "reset":
        if (fault.when === "afterRequest") await work();
        return fail(reactions.broken(fault.when === "afterRequest"), operation, key);
      case "answer": {
        if (fault.status < 300) break;
        return fail(reactions.answered(fault.status, fault.headers ?? {}), operation, key);
      }
      case "rewrite":
        if (fault.status !== undefined && fault.status >= 300) {
          await work();
          return fail(reactions.answered(fault.status, {}), operation, key);
        }
        if (fault.body === undefined && onFault !== undefined) return onFault(fault, await work());
        break;
      default:
        return onFault === undefined ? work() : onFault(fault, await work());
    }
    const failure = reactions.unreadable();
    return failure === undefined ? work() : fail(failure, operation, key);
  };

  return {
    ...inner,
    put: (key, body, options = {}) => request(["PUT", "put", key], options, () => inner.put(key, body, options)),
    head: (key, options = {}) => request(["HEAD", "head", key], options, () => inner.head(key, options)),
    exists: (key, options = {}) => request(["HEAD", "exists", key], options, () => inner.exists(key, options)),
    delete: (key, options = {}) => request(["DELETE", "delete", key], options, () => inner.delete(key, options)),
    copy: (from, to, options = {}) => request(["PUT", "copy", from], options, () => inner.copy(from, to, options)),
    listPage: (options = {}) => request(["GET", "list", options.prefix ?? ""], options, () => inner.listPage(options)),
    get: async (key, options = {}) => {
      const onFault = (fault: Fault, result: GetResult) => disturbed(inner, reactions, fault, result, options);
      return request(["GET", "get", key], options, () => inner.get(key, options), {
        headers: headersOf(options),
        onFault,
      });
    },
  };
}

/** An open object whose body suffers on its way. */
function disturbed(
  inner: StorageProvider,
  reactions: Reactions,
  fault: Fault,
  result: GetResult,
  { signal }: GetOptions,
): GetResult {
  const { info } = result;
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    const bytes = await result.bytes();
    if (fault.kind === "truncate") yield* reactions.cut(bytes.subarray(0, fault.afterBytes));
    else if (fault.kind === "stall") yield* reactions.stalled(bytes.subarray(0, fault.afterBytes), signal);
    else yield bytes;
  };
  const range = fault.kind === "rewrite" ? reactions.misplaced(result) : result.range;
  const body = { [Symbol.asyncIterator]: pieces, cancel: () => result.cancel() };
  return openObject({ info, range, body }, { site: { provider: inner.name, operation: "get", key: info.key }, signal });
}

function headersOf({ range, ifMatch }: GetOptions): Record<string, string> {
  return {
    ...(range === undefined ? {} : { range: "offset" in range ? `bytes=${range.offset}-` : `bytes=-${range.suffix}` }),
    ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
  };
}

function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  return /^\d+$/u.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
}

async function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
  throw new StorageError("Aborted", "the caller gave up", { cause: signal?.reason });
}
