import type SqliteDatabase from "better-sqlite3";
import type { DatabaseFinding } from "../../contract.ts";
import { codeOf } from "./errors.ts";

export function findings(connection: SqliteDatabase.Database, path: string): DatabaseFinding[] {
  const triggers = connection
    .prepare("select name, tbl_name, sql from sqlite_schema where type = 'trigger' order by name")
    .all() as { readonly name: string; readonly tbl_name: string; readonly sql: string }[];
  return [
    { id: "reachable", level: "ok", message: `The database ${path} can be read.` },
    ...(connection.readonly || !isWritable(connection)
      ? [
          {
            id: "permission",
            level: "error",
            message: "The database cannot be written to.",
            fix: "Let this process write the file and its folder.",
          } as const,
        ]
      : []),
    ...triggers
      .filter((trigger) => /\bupdate\b/i.test(trigger.sql.slice(0, trigger.sql.search(/\bbegin\b/i))))
      .map((trigger): DatabaseFinding => ({
        id: "trigger",
        level: "warning",
        message: `The trigger ${trigger.name} on ${trigger.tbl_name} will run for every row that is rewritten.`,
      })),
  ];
}

function isWritable(connection: SqliteDatabase.Database): boolean {
  try {
    connection.exec("begin immediate; rollback");
    return true;
  } catch (error) {
    // Somebody else is writing just now, so it can be written.
    return codeOf(error).startsWith("SQLITE_BUSY");
  }
}
