import type { Verdict } from "@bucketferry/storage-core/provider";
import type { S3AnswerError } from "./s3-failures.ts";

export interface Judgement extends Pick<Verdict, "code" | "persistence" | "hint" | "applied"> {
  /** What happened, in our words; the service's own follow. */
  readonly says: string;
}

interface StatusRow {
  /** When the error has another code or none. */
  readonly otherwise: Judgement;
  readonly codes?: Readonly<Record<string, Judgement>>;
}

const WRONG_REGION: Judgement = {
  code: "InvalidConfig",
  says: "the bucket is in another region",
  hint: "Set region to that of the bucket, and endpoint to that of the region",
};
const CLOCK: Judgement = {
  code: "Unauthenticated",
  persistence: "temporary",
  says: "the clock of this machine differs too much from the service's",
  hint: "Synchronise the clock of this machine (NTP)",
};
const SIGNATURE: Judgement = {
  code: "Unauthenticated",
  says: "the signature does not fit: the secret key is not the access key's",
  hint: "Check secretAccessKey for missing characters, and that the region is the bucket's",
};
const UNKNOWN_KEY: Judgement = {
  code: "Unauthenticated",
  says: "the service does not know the access key",
  hint: "Check accessKeyId, and that endpoint is the service that issued it",
};
const EXPIRED: Judgement = {
  code: "Unauthenticated",
  says: "the credentials have expired",
  hint: "Get new temporary credentials, or pass a function as credentials",
};
const SUSPENDED: Judgement = {
  code: "Unauthenticated",
  says: "the account of these credentials is suspended",
  hint: "Have the account enabled again by whoever runs the service, or use the credentials of another one",
};
/** AWS tells so, lest anybody learn what is there (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, permissions). */
const MISSING_OR_DENIED = "A missing key is reported like this too when s3:ListBucket is not allowed";
const BUSY: Judgement = { code: "RateLimited", says: "the service asks to slow down" };
const DOWN: Judgement = { code: "Unavailable", says: "the service has an error of its own" };
/** The request reached the service's inside, so it may have been done. */
const BROKEN: Judgement = { ...DOWN, applied: "unknown" };
const DAMAGED: Judgement = {
  code: "ChecksumMismatch",
  says: "the bytes that arrived are not the bytes that were announced",
};
const MISSING: Judgement = { code: "NotFound", says: "there is no such object" };
const BAD_KEY: Judgement = { code: "InvalidKey", says: "the service does not take this key" };
const BAD_REQUEST: Judgement = { code: "InvalidArgument", says: "the service refuses the request" };
const UNSUPPORTED: Judgement = { code: "Unsupported", says: "the service does not offer this" };
const CONFLICT: Judgement = { code: "Conflict", says: "another request is changing the same object" };
const OVER_QUOTA: Judgement = { code: "QuotaExceeded", says: "the storage is full or the quota is used up" };
const ARCHIVED: Judgement = {
  code: "Unsupported",
  says: "the object is archived and has to be restored before it can be read",
  hint: "Restore the object (s3:RestoreObject) or leave it out",
};

/** Status first, code second: some services leave the code out, and the answer to a HEAD never has one. */
const BY_STATUS: Readonly<Record<number, StatusRow>> = {
  301: { otherwise: WRONG_REGION },
  304: { otherwise: { code: "NotModified", says: "the object is the one that is known already" } },
  307: { otherwise: { code: "Unavailable", says: "the service redirects for a while, as it does for a new bucket" } },
  400: {
    otherwise: BAD_REQUEST,
    codes: {
      AuthorizationHeaderMalformed: WRONG_REGION,
      IllegalLocationConstraintException: WRONG_REGION,
      InvalidLocationConstraint: WRONG_REGION,
      InvalidRegion: WRONG_REGION,
      ExpiredToken: EXPIRED,
      InvalidToken: EXPIRED,
      TokenRefreshRequired: EXPIRED,
      InvalidAccessKeyId: UNKNOWN_KEY,
      RequestTimeTooSkewed: CLOCK,
      RequestExpired: CLOCK,
      BadDigest: DAMAGED,
      InvalidDigest: DAMAGED,
      InvalidChecksum: DAMAGED,
      XAmzContentChecksumMismatch: DAMAGED,
      XAmzContentSHA256Mismatch: DAMAGED,
      IncompleteBody: {
        code: "IncompleteBody",
        says: "the service received another number of bytes than was announced",
      },
      RequestTimeout: { code: "Timeout", says: "the service waited in vain for the body" },
      EntityTooLarge: { code: "TooLarge", says: "the body is larger than the service takes" },
      EntityTooSmall: {
        code: "InvalidArgument",
        says: "a part that is not the last is smaller than the service takes",
      },
      InvalidPart: { code: "InvalidArgument", says: "a part is missing or has another ETag" },
      InvalidPartOrder: { code: "InvalidArgument", says: "the parts are not in the order of their numbers" },
      KeyTooLong: BAD_KEY,
      KeyTooLongError: BAD_KEY,
      InvalidKey: BAD_KEY,
      InvalidObjectName: BAD_KEY,
      InvalidURI: BAD_KEY,
      XMinioInvalidObjectName: BAD_KEY,
      XMinioParentIsObject: BAD_KEY,
      InvalidBucketName: { code: "InvalidConfig", says: "the name of the bucket is not valid" },
      InvalidRange: { code: "InvalidRange", says: "the range is outside of the object" },
      NoSuchVersion: MISSING,
      InvalidRequest: BAD_REQUEST,
      QuotaExceeded: OVER_QUOTA,
      XMinioAdminBucketQuotaExceeded: OVER_QUOTA,
      AccessControlListNotSupported: UNSUPPORTED,
    },
  },
  401: { otherwise: { code: "Unauthenticated", says: "the service wants other credentials" } },
  402: { otherwise: OVER_QUOTA },
  403: {
    otherwise: {
      code: "PermissionDenied",
      says: "these credentials are not allowed to do this",
    },
    codes: {
      AccountProblem: SUSPENDED,
      // Of Ceph: https://docs.ceph.com/en/latest/radosgw/s3/commons/
      UserSuspended: SUSPENDED,
      SignatureDoesNotMatch: SIGNATURE,
      InvalidAccessKeyId: UNKNOWN_KEY,
      InvalidSecurity: UNKNOWN_KEY,
      NotSignedUp: UNKNOWN_KEY,
      ExpiredToken: EXPIRED,
      InvalidToken: EXPIRED,
      TokenRefreshRequired: EXPIRED,
      RequestTimeTooSkewed: CLOCK,
      RequestExpired: CLOCK,
      QuotaExceeded: OVER_QUOTA,
      InvalidObjectState: ARCHIVED,
      // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html, of the source
      ObjectNotInActiveTierError: ARCHIVED,
      RequestTimeout: { code: "Timeout", says: "the service waited in vain for the body" },
    },
  },
  404: {
    otherwise: MISSING,
    codes: {
      NoSuchBucket: {
        code: "BucketNotFound",
        says: "there is no such bucket",
        hint: "Check bucket and endpoint, or let ensureBucket make it",
      },
      NoSuchUpload: { code: "NotFound", says: "there is no such upload in parts" },
    },
  },
  405: { otherwise: UNSUPPORTED },
  408: { otherwise: { code: "Timeout", says: "the service waited in vain for the request" } },
  409: {
    otherwise: CONFLICT,
    codes: {
      XMinioObjectExistsAsDirectory: BAD_KEY,
      BucketAlreadyExists: {
        code: "Conflict",
        persistence: "permanent",
        says: "somebody else has a bucket of this name",
        hint: "Choose another name: bucket names are shared by all customers of a service",
      },
    },
  },
  411: { otherwise: { code: "InvalidArgument", says: "the service wants to know the length of the body beforehand" } },
  412: { otherwise: { code: "PreconditionFailed", says: "the object is not the one that was demanded" } },
  413: { otherwise: { code: "TooLarge", says: "the body is larger than the service takes" } },
  414: { otherwise: BAD_KEY },
  416: { otherwise: { code: "InvalidRange", says: "the range is outside of the object" } },
  429: { otherwise: BUSY },
  500: { otherwise: BROKEN },
  501: { otherwise: UNSUPPORTED },
  502: { otherwise: BROKEN },
  503: { otherwise: DOWN },
  504: { otherwise: { code: "Timeout", says: "a gateway waited in vain for the service", applied: "unknown" } },
  507: { otherwise: OVER_QUOTA },
};

/**
 * Codes that mean "slow down" with whatever status they come: AWS's own ThrottlingException is a 400
 * (https://docs.aws.amazon.com/awsconsolehelpdocs/latest/gsg/common-errors.html). The AWS SDKs go by such a list too; the reads and
 * writes are MinIO's (https://github.com/minio/minio/blob/master/cmd/api-errors.go).
 */
const THROTTLING: ReadonlySet<string> = new Set([
  "BandwidthLimitExceeded",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "SlowDownRead",
  "SlowDownWrite",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequests",
  "TooManyRequestsException",
]);

/** Errors in the body of a 200: CopyObject and CompleteMultipartUpload answer before they are done. */
const IN_SUCCESS: StatusRow = {
  otherwise: { ...BROKEN, says: "the service began with success and ended with an error" },
  codes: { ServiceUnavailable: DOWN, ...BY_STATUS[400]?.codes, ...BY_STATUS[404]?.codes },
};

const EXISTS: Judgement = { code: "AlreadyExists", says: "there is an object of this key already" };

/** A page of a gateway proves nothing about an object: what it calls missing may be there. */
const FOREIGN: Judgement = {
  code: "Unavailable",
  says: "something else than the service answered",
  hint: "Look whether a proxy, a firewall or a login page stands before the service",
};
const FOREIGN_STATUSES: ReadonlySet<number> = new Set([301, 304, 400, 404, 409, 412, 416]);

/** What the answer means, by its status, its code, and what the request had demanded. */
export function judge(error: S3AnswerError): Judgement {
  const { status, code, foreign } = error;
  if (foreign && (status < 300 || FOREIGN_STATUSES.has(status))) return FOREIGN;
  if (THROTTLING.has(code)) return BUSY;
  if (status === 412 && error.request.demanded === "create") return EXISTS;
  // How Ceph tells the loser of a race of conditional puts.
  if (status === 500 && code === "UnknownError" && error.request.demanded !== undefined) return CONFLICT;
  const row = status < 300 ? IN_SUCCESS : BY_STATUS[status];
  if (row !== undefined) {
    const codes = row.codes ?? {};
    if (Object.hasOwn(codes, code)) return codes[code] ?? row.otherwise;
    return status === 403 && error.request.readsObject === true
      ? { ...row.otherwise, hint: MISSING_OR_DENIED }
      : row.otherwise;
  }
  if (status >= 500) return BROKEN;
  if (status >= 300 && status < 400)
    return { code: "InvalidConfig", says: "the service redirects elsewhere", hint: "Correct endpoint" };
  return { code: "Unknown", says: "the service answers in a way that is not known" };
}
