/** The S3 actions of https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html that this server knows. */
export type Action = `s3:${string}`;

/** What a user may do with a bucket. A list names actions one by one, as an IAM policy would. */
export type Access = "full" | "readOnly" | "none" | readonly Action[];

export interface S3User {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials come with a token that every request has to carry. */
  readonly sessionToken?: string | undefined;
  /** When the token stops working. */
  readonly expiresAt?: Date | undefined;
  /** For all buckets, or by bucket (`*`: all others). Default: full. */
  readonly access?: Access | Readonly<Record<string, Access>> | undefined;
}

export function mayDo(user: S3User, action: Action, bucket: string | undefined): boolean {
  const access = accessTo(user.access ?? "full", bucket);
  switch (access) {
    case "full":
      return true;
    case "none":
      return false;
    case "readOnly":
      return /^s3:(?:Get|List)/.test(action);
    default:
      return access.includes(action);
  }
}

function accessTo(access: Access | Readonly<Record<string, Access>>, bucket: string | undefined): Access {
  if (typeof access === "string" || isActionList(access)) return access;
  // Listing all buckets is nobody's bucket: allowed to whoever may do anything anywhere.
  if (bucket === undefined) return Object.values(access).some((each) => each !== "none") ? "full" : "none";
  return access[bucket] ?? access["*"] ?? "none";
}

function isActionList(access: readonly Action[] | Readonly<Record<string, Access>>): access is readonly Action[] {
  return Array.isArray(access);
}
