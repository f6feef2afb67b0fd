import type { Command } from "../measure/run-measured.ts";
import type { Service } from "../services/service.ts";

/** One copy to make, or to look at again. */
export interface Job {
  readonly service: Service;
  readonly sourceBucket: string;
  readonly targetBucket: string;
  /** For configuration and ledger; empty at first, gone at the end. */
  readonly folder: string;
  readonly concurrency: number;
}

export interface Step extends Command {
  readonly name: string;
}

/** Who takes part in a comparison. All its steps together are what is timed. */
export interface Contestant {
  readonly name: string;
  readonly steps: (job: Job) => readonly Step[];
}

/** One that first brings about what its timed steps then find. */
export interface PreparedContestant extends Contestant {
  readonly prepare: (job: Job) => readonly Step[];
}
