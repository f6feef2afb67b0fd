import { randomUUID } from "node:crypto";
import {
  isStorageError,
  type CheckFinding,
  type ObjectInfo,
  type PutOptions,
  type StorageProvider,
} from "@bucketferry/storage-core";
import { keyProblem, type KeyRules } from "@bucketferry/storage-core/provider";
import { carryHeaders } from "../decide/carry-headers.ts";
import { compareMetadata } from "../decide/compare-metadata.ts";
import { describeFailure } from "../describe-failure.ts";

/**
 * What services, and gateways in front of them, are known to turn into something else: `+` into a space and back, `%41`
 * into `A`, `&` and spaces in listings, letters beyond ASCII into question marks.
 */
const ODD_PIECES: readonly (readonly [piece: string, name: string])[] = [
  [" ", "a space"],
  ["&", "`&`"],
  ["+", "`+`"],
  ["%41", "`%`"],
  ["ü", "a letter beyond ASCII"],
];

const BYTES = new TextEncoder().encode("bucketferry check: an object with a key that is easily damaged");

/** One of everything that most services keep. */
const DESCRIPTION = {
  contentType: "audio/mpeg",
  cacheControl: "max-age=61",
  contentDisposition: 'attachment; filename="a b.mp3"',
  contentLanguage: "de",
  metadata: { "bucketferry-check": "a b" },
};

/**
 * Writes one scratch object whose key has everything odd that the target says it takes, with headers and metadata, and
 * finds out what has become of it. Only an abort rejects.
 */
export async function probeTarget(target: StorageProvider, signal: AbortSignal): Promise<readonly CheckFinding[]> {
  const pieces = ODD_PIECES.filter(([piece]) => isTaken(`a${piece}b`, target.capabilities.keys));
  const folder = `bucketferry-check-${randomUUID()}/`;
  const key = `${folder}x${pieces.map(([piece]) => `${piece}x`).join("")}.mp3`;
  const { headers, metadata } = carryHeaders(DESCRIPTION, target.capabilities);
  try {
    await target.put(key, BYTES, { ...headers, metadata, signal });
  } catch (error) {
    signal.throwIfAborted();
    return [await refusalFinding(target, { folder, key, error }, { ...headers, metadata, signal })];
  }
  try {
    const read = await readingOf(target, key, signal);
    const faults = [read.fault, await listingFault(target, folder, key, signal)].filter((fault) => fault !== undefined);
    const names = pieces.length === 0 ? "plain letters" : pieces.map(([, name]) => name).join(", ");
    return [
      ...(faults.length > 0
        ? faults.map(damage)
        : [
            {
              id: "odd-keys",
              level: "ok",
              message: `A key with ${names} is read and listed as it was written.`,
            } as const,
          ]),
      ...(read.info === undefined ? [] : [headersFinding(read.info, target)]),
    ];
  } finally {
    await remove(target, folder, key);
  }
}

/** Whether it was for the key, or for what goes with it: a plain key tells. */
async function refusalFinding(
  target: StorageProvider,
  { folder, key, error }: { readonly folder: string; readonly key: string; readonly error: unknown },
  options: PutOptions & { readonly signal: AbortSignal },
): Promise<CheckFinding> {
  const plain = `${folder}plain.mp3`;
  try {
    await target.put(plain, BYTES, options);
  } catch (again) {
    options.signal.throwIfAborted();
    return {
      id: "headers",
      level: "warning",
      message: `An object of type ${DESCRIPTION.contentType} with headers and metadata cannot be written: ${describe(again)}`,
      fix: "Look at the limits of the bucket: which types and how much metadata it takes.",
    };
  } finally {
    await remove(target, folder, plain);
  }
  return damage(`An object with the key "${key}" cannot be written: ${describe(error)}`);
}

function isTaken(key: string, rules: KeyRules): boolean {
  return keyProblem(key, rules) === undefined;
}

interface Reading {
  readonly info?: ObjectInfo;
  readonly fault?: string;
}

async function readingOf(target: StorageProvider, key: string, signal: AbortSignal): Promise<Reading> {
  try {
    const opened = await target.get(key, { signal });
    const bytes = await opened.bytes();
    if (Buffer.from(bytes).equals(BYTES)) return { info: opened.info };
    return { fault: `Under the key "${key}" other bytes come back than were written.` };
  } catch (error) {
    signal.throwIfAborted();
    return { fault: `What was written under the key "${key}" cannot be read back: ${describe(error)}` };
  }
}

async function listingFault(
  target: StorageProvider,
  folder: string,
  key: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  // A listing that lags behind proves nothing.
  if (!target.capabilities.readAfterWrite) return undefined;
  try {
    const listed = await keysUnder(target, folder, signal);
    if (listed.length === 1 && listed[0] === key) return undefined;
    const as = listed.length === 0 ? "not listed" : `listed as ${listed.map((one) => `"${one}"`).join(", ")}`;
    return `What was written under the key "${key}" is ${as}.`;
  } catch (error) {
    signal.throwIfAborted();
    return `A key with such characters makes a listing fail: ${describe(error)}`;
  }
}

async function keysUnder(target: StorageProvider, prefix: string, signal?: AbortSignal): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const entry of target.list({ prefix, signal })) if (entry.type === "object") keys.push(entry.key);
  return keys;
}

function headersFinding(found: ObjectInfo, { capabilities }: StorageProvider): CheckFinding {
  const id = "headers";
  const lost = compareMetadata({ ...found, ...DESCRIPTION }, found, capabilities).map(({ name }) => name);
  if (lost.length === 0) {
    return { id, level: "ok", message: "Headers and metadata of an object are kept, as far as the target has them." };
  }
  return {
    id,
    level: "warning",
    message: `The target does not keep what it was given: ${lost.join(", ")}.`,
    fix: "Copies will be without it, and `verify --metadata` will tell of each. Look whether a gateway in front of the target drops it.",
  };
}

function damage(message: string): CheckFinding {
  return {
    id: "odd-keys",
    level: "error",
    message,
    fix: "Objects with such keys cannot be moved there. Look whether a gateway or proxy in front of the target rewrites paths, and whether `profile` is right; `plan` tells which keys you have.",
  };
}

function describe(error: unknown): string {
  const { code, message } = describeFailure(error);
  return `${code}: ${message}`;
}

/** By every name that it goes by. What cannot be removed is seen by whoever lists the bucket; the finding is about keys. */
async function remove(target: StorageProvider, folder: string, key: string): Promise<void> {
  const listed = await keysUnder(target, folder).catch(() => []);
  for (const name of new Set([key, ...listed])) {
    await target.delete(name).catch((error: unknown) => {
      if (!isStorageError(error)) throw error;
    });
  }
}
