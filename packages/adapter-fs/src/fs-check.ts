import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "@bucketferry/storage-core";
import type { CheckFinding, CheckOptions, CheckReport } from "@bucketferry/storage-core/provider";
import { classifyFsError } from "./fs-errors.ts";
import type { FsLayout } from "./fs-layout.ts";
import { requireRoot } from "./fs-root.ts";

/** What is tried; a test puts failing ones in their place, since root is denied nothing. */
export interface DirectoryProbes {
  readonly find: (layout: FsLayout) => Promise<unknown>;
  readonly list: (layout: FsLayout) => Promise<unknown>;
  readonly write: (layout: FsLayout) => Promise<unknown>;
}

export const DIRECTORY_PROBES: DirectoryProbes = {
  find: requireRoot,
  list: ({ root }) => readdir(root),
  async write({ temporary }) {
    await mkdir(temporary, { recursive: true });
    const path = join(temporary, randomUUID());
    await (await open(path, "wx")).close();
    await rm(path);
  },
};

export async function checkDirectory(
  layout: FsLayout,
  { write = false }: CheckOptions,
  probes: DirectoryProbes = DIRECTORY_PROBES,
): Promise<CheckReport> {
  const findings: CheckFinding[] = [];
  const look = async (id: string, message: string, probe: (layout: FsLayout) => Promise<unknown>): Promise<boolean> => {
    const finding = await probe(layout).then(
      (): CheckFinding => ({ id, level: "ok", message }),
      (error: unknown) => problem(id, error),
    );
    findings.push(finding);
    return finding.level === "ok";
  };
  if (await look("bucket", `The directory ${layout.root} is there.`, probes.find)) {
    await look("list", "It can be listed.", probes.list);
    if (write) await look("write", "It can be written to.", probes.write);
  }
  return { ok: findings.every((finding) => finding.level === "ok"), findings };
}

function problem(id: string, error: unknown): CheckFinding {
  const known = error instanceof StorageError ? error : classifyFsError(error);
  if (known === undefined) throw error;
  const fix = known.hint ?? "Look at the directory and its file system.";
  return {
    id,
    level: "error",
    message: `Cannot ${id === "bucket" ? "open" : id} the directory: ${known.message}.`,
    fix,
  };
}
