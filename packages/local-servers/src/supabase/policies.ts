import { failures } from "./api-error.ts";

/** One question to row level security: may this role do this to this row? */
export interface RowAccess {
  readonly table: "objects" | "buckets";
  readonly command: "select" | "insert" | "update" | "delete";
  readonly role: string;
  /** The `sub` claim of the caller's token. */
  readonly sub: string | undefined;
  readonly bucket: string;
  /** Undefined for rows of `buckets`. */
  readonly key: string | undefined;
  /** Whose row it is; null when nobody's. */
  readonly ownerId: string | null;
}

export type Policy = (access: RowAccess) => boolean;

/** What each role may do. A role that is missing may do nothing; `service_role` is never asked. */
export type Policies = Readonly<Partial<Record<"anon" | "authenticated", Policy>>>;

/** Who makes a request. */
export interface Caller {
  readonly role: string;
  readonly sub: string | undefined;
  /** Whether the request carried a good token; without one it is anonymous. */
  readonly authenticated: boolean;
}

export const SUPER_USER: Caller = { role: "service_role", sub: undefined, authenticated: true };
export const ANONYMOUS: Caller = { role: "anon", sub: undefined, authenticated: false };

const ROLES = ["anon", "authenticated", "service_role"];

export interface RowSecurity {
  may(caller: Caller, access: Omit<RowAccess, "role" | "sub">): boolean;
}

/** `policies` is read at every question, so that they can change while the server runs. */
export function rowSecurity(policies: () => Policies): RowSecurity {
  return {
    may(caller, access) {
      checkRole(caller);
      if (caller.role === "service_role") return true;
      const policy = caller.role === "authenticated" ? policies().authenticated : policies().anon;
      return policy?.({ ...access, role: caller.role, sub: caller.sub }) ?? false;
    },
  };
}

/** A token can name any role; the database finds out at its first query. */
function checkRole(caller: Caller): void {
  if (!ROLES.includes(caller.role)) throw failures.unknownRole();
}

export function deniedByPolicy(): Error {
  return failures.accessDenied("new row violates row-level security policy");
}
