import type { Service } from "../services/service.ts";

/** What a limit program is to do; it comes as JSON in its environment, since it carries credentials. */
export interface LimitJob {
  readonly service: Service;
  readonly source: string;
  readonly target: string;
  readonly concurrency: number;
}

const VARIABLE = "BENCH_LIMIT_JOB";

export function limitEnvironment(job: LimitJob): Record<string, string> {
  return { [VARIABLE]: JSON.stringify(job) };
}

export function limitJob(): LimitJob {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error(`${VARIABLE} is missing: this program is started by a benchmark.`);
  return JSON.parse(text) as LimitJob;
}
