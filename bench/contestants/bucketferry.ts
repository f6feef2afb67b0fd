import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Service } from "../services/service.ts";
import type { Contestant, Job, Step } from "./contestant.ts";

/** What a user installs: built, not run from source, which would cost each start the time to strip its types. */
const CLI = join(import.meta.dirname, "../../apps/migrator/bundle/cli.js");
const CONFIG = "bucketferry.config.json";

/** The user's whole job: both sides are listed, and what has to be is copied. From an empty ledger that is everything. */
export const bucketferry: Contestant = {
  name: "bucketferry",
  steps: (job) => [bucketferryStep(job, "copy", "--plan")],
};

export function bucketferryStep(job: Job, command: string, ...options: readonly string[]): Step {
  const config = join(job.folder, CONFIG);
  if (!existsSync(config)) writeFileSync(config, JSON.stringify(configuration(job)));
  return { name: command, program: process.execPath, args: [CLI, command, "--config", config, ...options] };
}

function configuration({ service, sourceBucket, targetBucket, concurrency }: Job): object {
  return {
    ledger: "sqlite:ledger.db",
    routes: [{ name: "bench", source: side(service, sourceBucket), target: side(service, targetBucket) }],
    copy: { concurrency },
  };
}

function side({ endpoint, region, profile, credentials }: Service, bucket: string): object {
  return { adapter: "s3", endpoint, region, profile, bucket, forcePathStyle: true, ...credentials };
}
