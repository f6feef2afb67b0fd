import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Empty: all. */
  readonly names: readonly string[];
  readonly rounds: number;
  readonly objects: number | undefined;
  readonly sizeBytes: number | undefined;
  readonly concurrency: number;
  readonly endpoint: string | undefined;
  /** Which services take part. */
  readonly on: "all" | "local" | "external";
  /** A shell command that makes the service free what was deleted. */
  readonly reclaim: string | undefined;
  readonly jsonFile: string | undefined;
  /** Runs what was built before as it is. */
  readonly asBuilt: boolean;
}

const DEFAULT_ROUNDS = 5;
const DEFAULT_CONCURRENCY = 32;
const WHERE = ["all", "local", "external"] as const;

/** What is wrong with the command line, and the fix. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError */
export function benchOptions(args: readonly string[], known: readonly string[]): BenchOptions {
  const { values, positionals } = parsed(args);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`No benchmark is called ${unknown.join(", ")}; there are: ${known.join(", ")}.`);
  }
  const on = WHERE.find((where) => where === (values.on ?? "all"));
  if (on === undefined) throw new UsageError(`--on is "${values.on}"; give one of ${WHERE.join(", ")}.`);
  return {
    names: positionals,
    on,
    rounds: count("rounds", values.rounds) ?? DEFAULT_ROUNDS,
    objects: count("objects", values.objects),
    sizeBytes: count("size", values.size),
    concurrency: count("concurrency", values.concurrency) ?? DEFAULT_CONCURRENCY,
    endpoint: values.endpoint,
    reclaim: values.reclaim,
    jsonFile: values.json,
    asBuilt: values["as-built"] ?? false,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rounds: { type: "string" },
        objects: { type: "string" },
        size: { type: "string" },
        concurrency: { type: "string" },
        endpoint: { type: "string" },
        on: { type: "string" },
        reclaim: { type: "string" },
        json: { type: "string" },
        "as-built": { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`--${name} is "${text}"; give a whole number from 1.`);
}
