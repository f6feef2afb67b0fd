import { StorageError } from "../errors/storage-error.ts";
import type { StorageErrorCode } from "../errors/error-codes.ts";

/** A promise of the contract that was not kept. Its message says what was expected and what came instead. */
export class CheckFailure extends Error {
  override readonly name = "CheckFailure";
}

/** Ends the case as failed. */
export function fail(message: string, cause?: unknown): never {
  throw new CheckFailure(message, cause === undefined ? undefined : { cause });
}

export function ok(condition: unknown, message: string): asserts condition {
  if (!condition) fail(message);
}

/** Deep equality of plain data: primitives, Dates, byte arrays, arrays and records. `undefined` fields count as absent. */
export function equal<T>(actual: T, expected: T, what: string): void {
  if (!same(actual, expected)) fail(`${what}: expected ${show(expected)}, got ${show(actual)}`);
}

export function notEqual<T>(actual: T, unexpected: T, what: string): void {
  if (same(actual, unexpected)) fail(`${what}: expected anything but ${show(unexpected)}`);
}

/** Compares bytes and, when they differ, says where. */
export function bytesEqual(actual: Uint8Array, expected: Uint8Array, what: string): void {
  const shorter = Math.min(actual.length, expected.length);
  let at = 0;
  while (at < shorter && actual[at] === expected[at]) at += 1;
  if (at === actual.length && at === expected.length) return;
  fail(
    `${what}: expected ${expected.length} bytes, got ${actual.length}; they part at byte ${at}: ` +
      `expected ${showBytes(expected, at)}, got ${showBytes(actual, at)}`,
  );
}

/**
 * The operation fails with a StorageError of this code (or one of these), which is returned for a closer look.
 * A function is called first; one that throws at once instead of rejecting is a failure, since no async method may.
 */
export async function rejectsWith(
  code: StorageErrorCode | readonly StorageErrorCode[],
  operation: Promise<unknown> | (() => Promise<unknown>),
  what = "the call",
): Promise<StorageError> {
  return expectCode(code, await rejects(operation, what), what);
}

/** The operation fails, with whatever; that is returned. */
export async function rejects(
  operation: Promise<unknown> | (() => Promise<unknown>),
  what = "the call",
): Promise<unknown> {
  let promise: Promise<unknown>;
  try {
    promise = typeof operation === "function" ? operation() : operation;
  } catch (error) {
    fail(`${what}: threw at once instead of rejecting: ${show(error)}`, error);
  }
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  fail(`${what}: expected a rejection, but it resolved with ${show(value)}`);
}

/** The same for what is not async: `publicUrl`, or a factory with bad options. */
export function throwsWith(
  code: StorageErrorCode | readonly StorageErrorCode[],
  operation: () => unknown,
  what = "the call",
): StorageError {
  let value: unknown;
  try {
    value = operation();
  } catch (error) {
    return expectCode(code, error, what);
  }
  fail(`${what}: expected ${codes(code)}, but it returned ${show(value)}`);
}

/** The message of an error names this key, as it is or escaped as in JSON, so that a log line is enough to find the object. */
export function namesKey(error: StorageError, key: string): void {
  equal(error.key, key, `key of the ${error.code} error`);
  const named = error.message.includes(key) || error.message.includes(JSON.stringify(key).slice(1, -1));
  ok(named, `the message of ${error.code} does not name the key ${show(key)}: ${error.message}`);
}

/** Tries again until the check passes; the last failure counts when the time is over. For what a service may delay. */
export async function eventually(
  check: () => Promise<void> | void,
  options: { readonly signal: AbortSignal; readonly withinMs?: number; readonly intervalMs?: number },
): Promise<void> {
  const { signal, withinMs = 10_000, intervalMs = 50 } = options;
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() >= end || signal.aborted) throw error;
    }
    await pause(intervalMs, signal);
  }
}

/** Settles within the time, else fails. The promise itself goes on; this does not cancel it. */
export async function within<T>(milliseconds: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new CheckFailure(`${what}: still not settled after ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, milliseconds);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    function done() {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }
  });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A value as it stands in a failure message: JSON, cut, control characters escaped, bytes by their number. */
export function show(value: unknown): string {
  if (value instanceof StorageError) return `StorageError ${value.code} (${value.message})`;
  if (value instanceof Error) return `${value.name} (${value.message})`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint" || typeof value === "symbol" || value === undefined) return String(value);
  let text: string;
  try {
    text = JSON.stringify(value) ?? Object.prototype.toString.call(value);
  } catch {
    text = Object.prototype.toString.call(value);
  }
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

function expectCode(code: StorageErrorCode | readonly StorageErrorCode[], error: unknown, what: string): StorageError {
  if (!(error instanceof StorageError)) {
    fail(`${what}: expected a StorageError ${codes(code)}, got ${show(error)}`, error);
  }
  const wanted: readonly StorageErrorCode[] = typeof code === "string" ? [code] : code;
  if (!wanted.includes(error.code)) {
    fail(`${what}: expected ${codes(code)}, got ${error.code} (${error.message})`, error);
  }
  return error;
}

function codes(code: StorageErrorCode | readonly StorageErrorCode[]): string {
  return typeof code === "string" ? code : code.join(" or ");
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && a.byteLength !== b.byteLength) return false;
  const left: Readonly<Record<string, unknown>> = { ...a };
  const right: Readonly<Record<string, unknown>> = { ...b };
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => same(left[name], right[name]));
}

function showBytes(bytes: Uint8Array, at: number): string {
  if (at >= bytes.length) return "the end";
  return [...bytes.subarray(at, at + 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
