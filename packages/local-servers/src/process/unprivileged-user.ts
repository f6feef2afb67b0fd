import { readFileSync } from "node:fs";

export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL and PgBouncer refuse to run as root; then they run as one of these. */
const NAMES = ["postgres", "nobody"];

/** Whom to run them as; undefined: as the user that we are. */
export function unprivilegedUser(): UnprivilegedUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of NAMES) {
    const [, , uid, gid] = users.find(([candidate]) => candidate === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    `PostgreSQL and PgBouncer do not run as root, and there is no user ${NAMES.join(" or ")} to run them as. Run the tests as another user.`,
  );
}
