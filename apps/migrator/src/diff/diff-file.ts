import { lineFile } from "../report/line-file.ts";
import { csvRecord } from "./csv.ts";
import type { DiffRow } from "./diff-row.ts";

/** Every object of a diff, one row each, in the order of routes and keys. */
export interface DiffFile {
  readonly path: string;
  add(row: DiffRow): void;
  /** Resolves when the disk has caught up. */
  drained(): Promise<void>;
  finish(): Promise<void>;
  discard(): Promise<void>;
}

export const DIFF_FORMATS = ["csv", "jsonl"] as const;
export type DiffFormat = (typeof DIFF_FORMATS)[number];

/** By the end of a file's name; undefined for any other. */
export function diffFormatOf(path: string): DiffFormat | undefined {
  return DIFF_FORMATS.find((format) => path.toLowerCase().endsWith(`.${format}`));
}

export const CSV_COLUMNS = [
  "route",
  "status",
  "reason",
  "key",
  "targetKey",
  "state",
  "evidence",
  "sourceSize",
  "targetSize",
  "sourceEtag",
  "targetEtag",
  "sourceSha256",
  "targetSha256",
  "metadata",
  "code",
  "message",
] as const satisfies readonly (keyof DiffRow)[];

export async function diffFile(path: string, format: DiffFormat): Promise<DiffFile> {
  const file = await lineFile(path);
  if (format === "csv") file.write(csvRecord(CSV_COLUMNS));
  const lineOf = format === "csv" ? csvLine : (row: DiffRow): string => `${JSON.stringify(row)}\n`;
  return {
    path,
    add: (row) => {
      file.write(lineOf(row));
    },
    drained: file.drained,
    finish: file.finish,
    discard: file.discard,
  };
}

function csvLine(row: DiffRow): string {
  return csvRecord(
    CSV_COLUMNS.map((column) => {
      if (column !== "metadata") return row[column];
      return row.metadata.length === 0 ? null : JSON.stringify(row.metadata);
    }),
  );
}
