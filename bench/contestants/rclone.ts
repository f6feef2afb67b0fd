import { spawnSync } from "node:child_process";
import { requireEngine } from "@bucketferry/local-servers";
import type { Service } from "../services/service.ts";
import type { Contestant, Job, Step } from "./contestant.ts";

const HINT = "On Debian: apt-get install rclone.";

/** Its version; without it, undefined, said loudly, and an error in CI. */
export function rcloneVersion(): string | undefined {
  const { status, stdout } = spawnSync("rclone", ["version"], { encoding: "utf8" });
  return requireEngine("rclone", status === 0 ? stdout.split("\n")[0] : undefined, HINT);
}

/** Its default flags but for what is the same for all: how many at once, and that the bytes go through the client. */
export function rcloneCopy(...flags: readonly string[]): Contestant {
  return {
    name: ["rclone", ...flags].join(" "),
    steps: (job) => [rcloneStep(job, "copy", "--disable", "copy", ...flags)],
  };
}

export function rcloneStep(job: Job, command: string, ...flags: readonly string[]): Step {
  const concurrency = String(job.concurrency);
  return {
    name: command,
    program: "rclone",
    args: [
      command,
      "--config",
      "/dev/null",
      "--transfers",
      concurrency,
      "--checkers",
      concurrency,
      ...flags,
      `source:${job.sourceBucket}`,
      `target:${job.targetBucket}`,
    ],
    // Its S3 client refuses to start beside a bundle of certificates that is meant for others.
    env: { ...remote("SOURCE", job.service), ...remote("TARGET", job.service), AWS_CA_BUNDLE: "" },
  };
}

/** https://rclone.org/docs/#config-file: a remote by variables of the environment. */
function remote(name: string, { endpoint, region, credentials, profile }: Service): Record<string, string> {
  const fields = {
    TYPE: "s3",
    PROVIDER: profile === "ceph" ? "Ceph" : "Other",
    ACCESS_KEY_ID: credentials.accessKeyId,
    SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ENDPOINT: endpoint,
    REGION: region,
    FORCE_PATH_STYLE: "true",
    // Up to 1.60 it asks for "private", which buckets without access control lists, as they are made today, refuse.
    ACL: "bucket-owner-full-control",
  };
  return Object.fromEntries(Object.entries(fields).map(([field, value]) => [`RCLONE_CONFIG_${name}_${field}`, value]));
}
