import { Problem } from "../problem/problem.ts";

/** Whoever sent a request. The roles are those of Supabase's tokens. */
export interface Caller {
  readonly role: "anon" | "authenticated" | "service_role";
  /** The user's id; empty for `anon`. */
  readonly id: string;
}

export const ANONYMOUS: Caller = { role: "anon", id: "" };

/** Finds out who sent a request. @throws Problem Unauthorized for credentials that are there and do not hold */
export type Authenticate = (headers: Headers) => Promise<Caller>;

/** @throws Problem Unauthorized for a request without credentials */
export function requireUser(caller: Caller): Caller {
  if (caller.role !== "anon") return caller;
  throw new Problem("Unauthorized", "Send a token as `Authorization: Bearer …`.", {
    headers: { "www-authenticate": "Bearer" },
  });
}

/** @throws Problem Unauthorized, Forbidden */
export function requireService(caller: Caller): Caller {
  requireUser(caller);
  if (caller.role === "service_role") return caller;
  throw new Problem("Forbidden", "Only the role service_role may do this.");
}

/** Whether somebody may see and change what belongs to `ownerId`. */
export function owns(caller: Caller, ownerId: string): boolean {
  return caller.role === "service_role" || (caller.role === "authenticated" && caller.id === ownerId);
}
