import type { Capabilities } from "../contract/capabilities.ts";
import type { PresignOptions } from "../contract/provider.ts";
import { checkHeaderValue } from "./check-headers.ts";
import { checkWholeNumber } from "./check-numbers.ts";
import { refusal, type CallSite } from "./failure.ts";

type Presign = Capabilities["presign"];

const ABILITY_OF = { GET: "get", PUT: "put", HEAD: "head", DELETE: "delete", POST: "post" } as const satisfies Readonly<
  Record<PresignOptions["method"], keyof Presign>
>;

/** Options that belong to some methods only, and the ability each of them needs. */
const BOUND_OPTIONS = [
  { name: "contentType", methods: ["PUT", "POST"], needs: "bindsType" },
  { name: "contentLength", methods: ["PUT"], needs: "bindsLength" },
  { name: "maxSizeBytes", methods: ["POST"], needs: "bindsLength" },
  { name: "responseContentType", methods: ["GET"], needs: "responseOverrides" },
  { name: "responseContentDisposition", methods: ["GET"], needs: "responseOverrides" },
] as const satisfies readonly {
  name: keyof PresignOptions;
  methods: readonly PresignOptions["method"][];
  needs: keyof Presign;
}[];

export function checkPresign({ presign }: Capabilities, site: CallSite, options: PresignOptions): void {
  const { method } = options;
  if (!Object.hasOwn(ABILITY_OF, method)) {
    throw refusal(
      "InvalidArgument",
      site,
      `method is ${String(method)}. Pass one of ${Object.keys(ABILITY_OF).join(", ")}`,
    );
  }
  if (!presign[ABILITY_OF[method]]) throw refusal("Unsupported", site, `the service does not sign ${method} requests`);
  checkWholeNumber(site, "expiresInSeconds", options.expiresInSeconds, 1, presign.maxExpirySeconds);
  for (const { name, methods, needs } of BOUND_OPTIONS) {
    const value = options[name];
    if (value === undefined) continue;
    if (!methods.some((one) => one === method)) {
      throw refusal(
        "InvalidArgument",
        site,
        `${name} means nothing for ${method}. It goes with ${methods.join(" and ")}`,
      );
    }
    if (name === "contentLength" || name === "maxSizeBytes") checkWholeNumber(site, name, value, 0);
    else checkHeaderValue(site, name, value);
    if (!presign[needs]) throw refusal("Unsupported", site, `the service cannot bind ${name} to a signed request`);
  }
}
