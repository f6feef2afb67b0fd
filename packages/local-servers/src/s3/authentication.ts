import { type Query, canonicalPath, type RequestTarget } from "./request-target.ts";
import { invalidArgument, S3Error } from "./s3-error.ts";
import {
  ALGORITHM,
  canonicalRequest,
  type CredentialScope,
  equalSignatures,
  parseAmzDate,
  parseCredential,
  type Signer,
  signer,
  stringToSign,
} from "./signature.ts";
import type { S3User } from "./users.ts";

const MAX_SKEW_MS = 15 * 60 * 1000;
const MAX_EXPIRY_SECONDS = 7 * 24 * 60 * 60;

/** A request as far as authentication looks at it. */
export interface SignedRequest {
  readonly method: string;
  readonly target: RequestTarget;
  /** Every header by lower-case name; values of repeated ones joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Who sent a request, and what its signature says of the body. */
export interface Identity {
  /** Undefined: anonymous. */
  readonly user: S3User | undefined;
  /** Hex SHA-256, `UNSIGNED-PAYLOAD`, one of the `STREAMING-…` forms; undefined where nothing was signed. */
  readonly payloadHash: string | undefined;
  readonly presigned: boolean;
  /** Signs the chunks of a `STREAMING-AWS4-HMAC-SHA256-PAYLOAD` body. */
  readonly chunks: ChunkSigning | undefined;
}

export interface ChunkSigning {
  readonly sign: Signer;
  readonly amzDate: string;
  readonly scope: string;
  /** Signature of the request: what the first chunk's is chained to. */
  readonly seed: string;
}

const ANONYMOUS: Identity = { user: undefined, payloadHash: undefined, presigned: false, chunks: undefined };

export interface AuthenticationRules {
  readonly users: readonly S3User[];
  /** Regions that a credential scope may name; undefined: any. The first is named in the refusal. */
  readonly regions: readonly string[] | undefined;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export interface Authenticator {
  authenticate(request: SignedRequest): Identity;
  /** Checks the signature of a form's policy, which is over the base64 text alone. */
  authenticateForm(form: FormCredentials): S3User;
}

export interface FormCredentials {
  readonly algorithm: string | undefined;
  readonly credential: string | undefined;
  readonly date: string | undefined;
  readonly signature: string | undefined;
  readonly securityToken: string | undefined;
  readonly policy: string;
}

/** Where the words of a refusal come from: a signature in a header and one in a query are refused with different codes. */
type Malformed = (message: string, fields?: Readonly<Record<string, string>>) => S3Error;

const malformedHeader: Malformed = (message, fields = {}) =>
  new S3Error("AuthorizationHeaderMalformed", {
    message: `The authorization header is malformed; ${message}`,
    fields,
  });
const malformedQuery: Malformed = (message, fields = {}) =>
  new S3Error("AuthorizationQueryParametersError", { message, fields });
const malformedForm: Malformed = (message, fields = {}) => new S3Error("InvalidArgument", { message, fields });

export function authenticator(rules: AuthenticationRules): Authenticator {
  const signers = new Map<string, Signer>();

  const signerFor = (user: S3User, scope: CredentialScope): Signer => {
    const id = `${user.accessKeyId}/${scope.text}`;
    const known = signers.get(id);
    if (known !== undefined) return known;
    const made = signer(user.secretAccessKey, scope);
    // A day has few scopes; what is older is of no use.
    if (signers.size > 1000) signers.clear();
    signers.set(id, made);
    return made;
  };

  const checkScope = (scope: CredentialScope | undefined, amzDate: string, malformed: Malformed): CredentialScope => {
    if (scope === undefined) {
      throw malformed('the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".');
    }
    if (scope.service !== "s3") {
      throw malformed(`incorrect service "${scope.service}". This endpoint belongs to "s3".`);
    }
    const [expected = ""] = rules.regions ?? [];
    if (rules.regions !== undefined && !rules.regions.includes(scope.region)) {
      throw malformed(`the region '${scope.region}' is wrong; expecting '${expected}'`, { Region: expected });
    }
    if (!amzDate.startsWith(scope.date)) {
      throw malformed(
        `Invalid credential date "${scope.date}". This date is not the same as X-Amz-Date: "${amzDate}".`,
      );
    }
    return scope;
  };

  const userOf = (scope: CredentialScope, token: string | undefined): S3User => {
    const user = rules.users.find((candidate) => candidate.accessKeyId === scope.accessKeyId);
    if (user === undefined) throw new S3Error("InvalidAccessKeyId", { fields: { AWSAccessKeyId: scope.accessKeyId } });
    if (user.sessionToken !== token) throw new S3Error("InvalidToken");
    if (user.expiresAt !== undefined && user.expiresAt.getTime() <= rules.clock()) throw new S3Error("ExpiredToken");
    return user;
  };

  const checkSignature = (
    request: SignedRequest,
    signed: {
      scope: CredentialScope;
      user: S3User;
      amzDate: string;
      signedHeaders: string;
      signature: string;
      query: string;
      payloadHash: string;
    },
    malformed: Malformed,
  ): ChunkSigning => {
    const names = signed.signedHeaders.split(";");
    if (!names.includes("host")) throw malformed("'Host' must be a signed header.");
    const unsigned = [...request.headers.keys()].filter((name) => name.startsWith("x-amz-") && !names.includes(name));
    if (unsigned.length > 0) {
      throw new S3Error("AccessDenied", {
        message: "There were headers present in the request which were not signed",
        fields: { HeadersNotSigned: unsigned.join(", ") },
      });
    }
    const canonical = canonicalRequest({
      method: request.method,
      path: canonicalPath(request.target),
      query: signed.query,
      headers: names.map((name) => [name, request.headers.get(name) ?? ""] as const),
      payloadHash: signed.payloadHash,
    });
    const text = stringToSign(signed.amzDate, signed.scope.text, canonical);
    const sign = signerFor(signed.user, signed.scope);
    if (!equalSignatures(sign(text), signed.signature)) {
      throw new S3Error("SignatureDoesNotMatch", {
        fields: {
          AWSAccessKeyId: signed.user.accessKeyId,
          StringToSign: text,
          SignatureProvided: signed.signature,
          CanonicalRequest: canonical,
        },
      });
    }
    return { sign, amzDate: signed.amzDate, scope: signed.scope.text, seed: signed.signature };
  };

  const byHeader = (request: SignedRequest, authorization: string): Identity => {
    if (!authorization.startsWith(`${ALGORITHM} `)) {
      if (/^AWS\s/.test(authorization)) {
        throw new S3Error("InvalidRequest", {
          message: `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
        });
      }
      throw invalidArgument("Authorization", authorization.split(" ")[0] ?? "", "Unsupported Authorization Type");
    }
    const fields = new Map(
      authorization
        .slice(ALGORITHM.length)
        .split(",")
        .map((field) => {
          const equals = field.indexOf("=");
          return [field.slice(0, equals).trim(), field.slice(equals + 1).trim()] as const;
        }),
    );
    const signature = fields.get("Signature");
    const signedHeaders = fields.get("SignedHeaders");
    const credential = fields.get("Credential");
    if (signature === undefined || signedHeaders === undefined || credential === undefined) {
      throw malformedHeader("it needs Credential, SignedHeaders and Signature.");
    }
    const amzDate = request.headers.get("x-amz-date") ?? "";
    const sentAt = parseAmzDate(amzDate);
    if (sentAt === undefined) {
      throw new S3Error("AccessDenied", { message: "AWS authentication requires a valid Date or x-amz-date header" });
    }
    const scope = checkScope(parseCredential(credential), amzDate, malformedHeader);
    const user = userOf(scope, request.headers.get("x-amz-security-token"));
    checkSkew(sentAt, amzDate, rules.clock());
    const payloadHash = request.headers.get("x-amz-content-sha256");
    if (payloadHash === undefined) {
      throw new S3Error("InvalidRequest", {
        message: "Missing required header for this request: x-amz-content-sha256",
      });
    }
    const query = request.target.query.canonical();
    const chunks = checkSignature(
      request,
      { scope, user, amzDate, signedHeaders, signature, query, payloadHash },
      malformedHeader,
    );
    return { user, payloadHash, presigned: false, chunks };
  };

  const byQuery = (request: SignedRequest): Identity => {
    const { query } = request.target;
    const needed = (name: string): string => {
      const value = query.get(name);
      if (value === undefined) {
        throw malformedQuery(
          "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        );
      }
      return value;
    };
    if (needed("X-Amz-Algorithm") !== ALGORITHM) throw malformedQuery(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
    const signature = needed("X-Amz-Signature");
    const amzDate = needed("X-Amz-Date");
    const signedHeaders = needed("X-Amz-SignedHeaders");
    const expires = needed("X-Amz-Expires");
    const signedAt = parseAmzDate(amzDate);
    if (signedAt === undefined) {
      throw malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
    }
    if (!/^-?\d+$/.test(expires)) throw malformedQuery("X-Amz-Expires should be a number");
    if (Number(expires) < 0) throw malformedQuery("X-Amz-Expires must be non-negative");
    if (Number(expires) > MAX_EXPIRY_SECONDS) {
      throw malformedQuery(
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
      );
    }
    const scope = checkScope(parseCredential(needed("X-Amz-Credential")), amzDate, (message, fields) =>
      malformedQuery(`Error parsing the X-Amz-Credential parameter; ${message}`, fields),
    );
    const user = userOf(scope, query.get("X-Amz-Security-Token"));
    const now = rules.clock();
    if (now + MAX_SKEW_MS < signedAt) throw new S3Error("AccessDenied", { message: "Request is not yet valid" });
    const expiresAt = signedAt + Number(expires) * 1000;
    if (now > expiresAt) {
      throw new S3Error("AccessDenied", {
        message: "Request has expired",
        fields: {
          "X-Amz-Expires": expires,
          Expires: new Date(expiresAt).toISOString(),
          ServerTime: new Date(now).toISOString(),
        },
      });
    }
    const payloadHash =
      request.headers.get("x-amz-content-sha256") ?? query.get("X-Amz-Content-Sha256") ?? "UNSIGNED-PAYLOAD";
    const chunks = checkSignature(
      request,
      {
        scope,
        user,
        amzDate,
        signedHeaders,
        signature,
        query: query.canonical("X-Amz-Signature"),
        payloadHash,
      },
      malformedQuery,
    );
    return { user, payloadHash, presigned: true, chunks };
  };

  return {
    authenticate(request) {
      const authorization = request.headers.get("authorization");
      const presigned = isPresigned(request.target.query);
      if (authorization !== undefined && presigned) {
        throw new S3Error("InvalidArgument", {
          message:
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
        });
      }
      if (authorization !== undefined) return byHeader(request, authorization);
      if (presigned) return byQuery(request);
      return ANONYMOUS;
    },

    authenticateForm({ algorithm, credential, date, signature, securityToken, policy }) {
      if (algorithm !== ALGORITHM || credential === undefined || date === undefined || signature === undefined) {
        throw malformedForm(
          "Bucket POST must contain a field named 'x-amz-algorithm', 'x-amz-credential', 'x-amz-date' and 'x-amz-signature'.",
        );
      }
      const scope = checkScope(parseCredential(credential), date, malformedForm);
      const user = userOf(scope, securityToken);
      if (!equalSignatures(signerFor(user, scope)(policy), signature)) {
        throw new S3Error("SignatureDoesNotMatch", { fields: { StringToSign: policy, SignatureProvided: signature } });
      }
      return user;
    },
  };
}

function isPresigned(query: Query): boolean {
  if (query.has("AWSAccessKeyId")) {
    throw new S3Error("InvalidRequest", {
      message: `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
    });
  }
  return query.has("X-Amz-Algorithm") || query.has("X-Amz-Signature") || query.has("X-Amz-Credential");
}

function checkSkew(sentAt: number, amzDate: string, now: number): void {
  if (Math.abs(now - sentAt) <= MAX_SKEW_MS) return;
  throw new S3Error("RequestTimeTooSkewed", {
    fields: {
      RequestTime: amzDate,
      ServerTime: new Date(now).toISOString(),
      MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
    },
  });
}
