import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Claims a directory for this process; the result gives it back. Two processes on one directory would each work on a
 * state that the other does not see. A claim of a process that has died is taken over.
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, "lock");
  const claim = (): void => writeFileSync(path, `${process.pid}\n`, { flag: "wx", mode: 0o600 });
  try {
    claim();
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    const owner = Number(readFileSync(path, "utf8"));
    if (isAlive(owner)) {
      throw new Error(
        `directory: ${directory} is in use by process ${owner}. End that process or choose another directory.`,
        { cause: error },
      );
    }
    rmSync(path);
    claim();
  }
  return () => rmSync(path, { force: true });
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
