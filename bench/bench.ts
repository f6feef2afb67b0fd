import type { Goal } from "./report/goals.ts";
import type { RunningService } from "./services/service.ts";

/** What the command line asks for, and what is at hand. */
export interface BenchContext {
  readonly rounds: number;
  /** Undefined: as many, or as large, as the benchmark is defined with. */
  readonly objects: number | undefined;
  readonly sizeBytes: number | undefined;
  readonly concurrency: number;
  /** Our own server, and a real one where one answers. */
  readonly services: readonly RunningService[];
  /** Undefined: it is not installed, which was said. */
  readonly rclone: string | undefined;
  /** For temporary files. */
  readonly folder: string;
  /** Makes the service free what was deleted. */
  readonly reclaim: () => void;
  /** A line about how far the work is. */
  readonly progress: (line: string) => void;
}

/** One table of a benchmark, and what it says about what must be reached. */
export interface BenchResult {
  readonly title: string;
  /** Markdown. */
  readonly table: string;
  readonly goals: readonly Goal[];
  /** All figures, for the JSON file. */
  readonly data: unknown;
}

export interface Bench {
  readonly what: string;
  /** Tables as soon as they are there: a run takes minutes, and may be interrupted. */
  readonly run: (context: BenchContext) => AsyncGenerator<BenchResult>;
}
