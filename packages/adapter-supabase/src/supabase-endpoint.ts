import type { ResolvedSupabaseOptions } from "./supabase-options.ts";
import { tokenClaims } from "./token-claims.ts";

/** Path of the storage API below a project's URL. */
export const STORAGE_PATH = "/storage/v1";

/**
 * `service`: sees and may do everything, so what it does not find is not there. `limited`: row level security decides,
 * and what it hides looks missing.
 */
type KeyRole = "service" | "limited";

/** Where a bucket is, worked out of the options. */
export interface SupabaseEndpoint {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path of the storage API, without a slash at its end. */
  readonly basePath: string;
  readonly bucket: string;
  readonly role: KeyRole;
  /** The `role` that the key claims, for people; undefined where the key is no token. */
  readonly claimedRole: string | undefined;
  /** When the key ends; undefined: never, or unknown. */
  readonly keyExpiresAt: Date | undefined;
  /** Hosts that URLs of the project have, lower case, with a port that is not the default one. */
  readonly hosts: readonly string[];
  /** The same for whoever looks for URLs; with all hosted projects beside, so that those of another one are seen as that. */
  readonly urlHosts: readonly string[];
}

export function supabaseEndpoint(options: ResolvedSupabaseOptions): SupabaseEndpoint {
  const url = new URL(options.url);
  const path = url.pathname.replace(/\/+$/, "");
  const claims = tokenClaims(options.key);
  const claimedRole = typeof claims?.["role"] === "string" ? claims["role"] : undefined;
  const exp = claims?.["exp"];
  const hosts = [...new Set([...projectHosts(url, claims), ...options.extraHosts])];
  return {
    origin: url.origin,
    basePath: path.endsWith(STORAGE_PATH) ? path : path + STORAGE_PATH,
    bucket: options.bucket,
    role: claimedRole === "service_role" || options.key.startsWith("sb_secret_") ? "service" : "limited",
    claimedRole,
    keyExpiresAt: typeof exp === "number" ? new Date(exp * 1000) : undefined,
    hosts,
    urlHosts: hosts.some((host) => HOSTED.test(host)) ? [...hosts, ...PLATFORM] : hosts,
  };
}

const HOSTED = /[.]supabase[.](?:co|in)$/;
const PLATFORM = ["*.supabase.co", "*.supabase.in"];

/**
 * A hosted project answers under several names: https://supabase.com/docs/guides/storage/s3/authentication and
 * https://supabase.com/docs/guides/storage/uploads/resumable-uploads name the direct storage host; `supabase.in` was the
 * domain of the first years. The keys of the older kind name the project, so it is known behind a custom domain too.
 */
function projectHosts(url: URL, claims: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const own = url.host.toLowerCase();
  const fromHost = /^([a-z0-9-]+)(?:\.storage)?\.supabase\.(?:co|in)$/.exec(url.hostname)?.[1];
  const fromKey = claims?.["iss"] === "supabase" && typeof claims["ref"] === "string" ? claims["ref"] : undefined;
  const ref = fromHost ?? (fromKey !== undefined && /^[a-z0-9]{20}$/.test(fromKey) ? fromKey : undefined);
  const hosted = ref === undefined ? [] : [`${ref}.supabase.co`, `${ref}.storage.supabase.co`, `${ref}.supabase.in`];
  return [own, ...hosted, ...loopbackTwins(url)];
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** One local server under its three names: which one a stored URL has depends on who made it. */
function loopbackTwins(url: URL): readonly string[] {
  if (!LOOPBACK.includes(url.hostname)) return [];
  return LOOPBACK.map((name) => (url.port === "" ? name : `${name}:${url.port}`));
}
