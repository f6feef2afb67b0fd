import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { RunningService, Service } from "./service.ts";

export async function localService(): Promise<RunningService> {
  const child = fork(join(import.meta.dirname, "local-s3-server.ts"), {
    execArgv: ["--conditions=@bucketferry/source"],
  });
  const started = await Promise.race([
    once(child, "message") as Promise<[Pick<Service, "endpoint" | "region" | "credentials">]>,
    once(child, "exit").then(([code]) => {
      throw new Error(`The local S3 server ended with ${String(code)} before it was ready.`);
    }),
  ]);
  return {
    ...started[0],
    name: "local S3 server",
    profile: "ceph",
    isLocal: true,
    async close() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}
