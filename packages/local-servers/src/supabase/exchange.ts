import type { IncomingMessage, ServerResponse } from "node:http";
import type { TransientCode } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import type { Caller, RowSecurity } from "./policies.ts";
import type { RawPath } from "./raw-path.ts";
import type { Rows } from "./rows.ts";

/** One request and the way to answer it, after routing and authentication. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: RawPath;
  /** What the placeholders of the route stood for, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly caller: Caller;
}

/** What every handler works with. */
export interface Service {
  readonly settings: Settings;
  readonly rows: Rows;
  readonly security: RowSecurity;
  readonly clock: Clock;
  /** Runs a background job after `delayMs`, unless the server is closed by then. */
  later(task: () => void, delayMs: number): void;
  /** The failure that this request is to get instead of an answer. */
  fault(request: { readonly method: string; readonly url: string }): TransientCode | undefined;
}

/**
 * Which generation of the server to be. `1.11`: from before the flat listing; descriptions have no time of change, copies
 * answer a name only and replace nothing. `1.25`: answers of its errors 4xx have no `code`, as those of `1.11`
 * (https://github.com/supabase/storage/pull/1256), and its copies no user metadata. `1.70`: the one that everything else here was
 * measured on. `1.80`: keeps content encodings, and heeds `If-Match` and `If-Unmodified-Since` of reads.
 */
export type Release = (typeof RELEASES)[number];
/** From the oldest on. */
export const RELEASES = ["1.11", "1.25", "1.70", "1.80"] as const;

export function isBefore(release: Release, other: Release): boolean {
  return RELEASES.indexOf(release) < RELEASES.indexOf(other);
}

export interface Settings {
  readonly release: Release;
  readonly backend: "file" | "s3";
  readonly jwtSecret: string;
  /** Bytes. */
  readonly globalFileSizeLimit: number;
  readonly uploadUrlLifetimeSeconds: number;
  /** Whether a create looks again for the key when it commits. */
  readonly createIsAtomic: boolean;
  /** Whether `-$v-` stands before the version in ids of resumable uploads, where else a slash does. */
  readonly versionMark: boolean;
  /** What the gateway takes for a token: keys that are none, and the token that each stands for. */
  readonly tokenOfKey: ReadonlyMap<string, string>;
  /** Whether keys may hold letters of all scripts. */
  readonly unicodeKeys: boolean;
  /** Most keys that one removal takes; undefined: as many as fit into a body. */
  readonly removalLimit: number | undefined;
  /** Size above which the S3 backend writes an object in parts, and of these parts. */
  readonly partSizeBytes: number;
}

export type Handler = (exchange: Exchange, service: Service) => Promise<void> | void;

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": String(bytes.length),
  });
  response.end(bytes);
}

/** A placeholder of the route that is there because the route matched. */
export function param(exchange: Exchange, name: string): string {
  return exchange.params[name] ?? "";
}

/** A header that can occur once; Node joins or drops repetitions of all the headers read here. */
export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
