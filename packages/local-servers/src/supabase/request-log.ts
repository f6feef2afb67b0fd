import type { IncomingMessage, ServerResponse } from "node:http";

/** A request that the server has got. Tokens in the URL are blotted out; headers are not kept. */
export interface RequestRecord {
  readonly method: string;
  readonly url: string;
  /** Undefined until it is answered. */
  readonly status: number | undefined;
}

const KEPT = 10_000;

export interface RequestLog {
  add(request: IncomingMessage, response: ServerResponse): void;
  /** The latest ones, oldest first. */
  entries(): readonly RequestRecord[];
}

export function requestLog(): RequestLog {
  const records: { method: string; url: string; status: number | undefined }[] = [];
  return {
    add(request, response) {
      const url = (request.url ?? "").replace(/([?&]token=)[^&]*/g, "$1***");
      const record = { method: request.method ?? "", url, status: undefined as number | undefined };
      records.push(record);
      if (records.length > 2 * KEPT) records.splice(0, records.length - KEPT);
      response.once("finish", () => {
        record.status = response.statusCode;
      });
    },
    entries: () => records.slice(-KEPT).map((record) => ({ ...record })),
  };
}
