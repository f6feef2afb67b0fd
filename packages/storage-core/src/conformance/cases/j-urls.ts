import type { PresignedRequest, PresignOptions } from "../../contract/provider.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { bytesEqual, equal, eventually, ok, rejectsWith, show, throwsWith } from "../check.ts";
import { utf8 } from "../content.ts";
import { conformanceCase } from "../define.ts";
import { brokenKeyRule } from "../key-rules.ts";
import { allowedKeys, forEachAtOnce, seed, textOf, weirdKeys } from "../objects.ts";
import { showsNoSecret } from "../secrets.ts";
import { sendsNothing } from "../sends-nothing.ts";
import { fetchAsStranger, refusedByService, sendForm, sendSigned, textOfAnswer } from "../signed-request.ts";
import { WEIRD_NAMES } from "../weird-keys.ts";

const METHODS = ["GET", "PUT", "HEAD", "DELETE", "POST"] as const satisfies readonly PresignOptions["method"][];

/** Long enough for a slow service, short enough to be no standing permission. */
const MINUTE = 60;

export const URL_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "J01",
    title: "parseUrl of a publicUrl gives back bucket and key, whatever the key holds",
    level: "core",
    needs: ["publicUrl"],
    async run(t) {
      const { provider, capabilities } = t;
      const bare = [...WEIRD_NAMES.map(({ name }) => name), "/leading", "//leading", ".", "..", "é/日本/🎉"];
      const keys = [...weirdKeys(t), ...bare.filter((key) => brokenKeyRule(key, capabilities.keys) === undefined)];
      for (const key of keys) {
        const url = provider.publicUrl(key);
        ok(
          url.includes(provider.urlPathPart ?? ""),
          `the public URL of ${show(key)} holds no ${show(provider.urlPathPart ?? "")}`,
        );
        const parsed = provider.parseUrl(url);
        equal(parsed?.key, key, `key of the public URL of ${show(key)}`);
        equal(parsed?.bucket, provider.bucket, `bucket of the public URL of ${show(key)}`);
        equal(parsed?.candidates[0], key, `likeliest candidate of the public URL of ${show(key)}`);
      }
    },
    refusal: async (t) => void throwsWith("Unsupported", () => t.provider.publicUrl(t.key("a")), "publicUrl"),
  }),

  conformanceCase({
    id: "J02",
    title: "a URL of a key with + ? # % & or a space fetches that object by a plain GET",
    level: "core",
    needs: ["publicUrl"],
    asks: ["anonymousFetch"],
    async run(t) {
      const names = ["plain", "a+b", "a?b=c", "a#b", "a%b", "a%20b", "a%2Fb", "a&b", "a b", "a;b", "a'b", "ä/日本"];
      const keys = allowedKeys(t, names);
      // What a key becomes when `+` is taken for a space, or an escape is undone twice: other objects, other content.
      const decoys = allowedKeys(t, ["a b", "a/b", "a"]).filter((key) => !keys.includes(key));
      await seed(t, [...keys, ...(t.capabilities.keys.objectBesideFolder ? decoys : [])]);
      for (const key of keys) {
        const url = new URL(t.provider.publicUrl(key));
        equal(url.search + url.hash, "", `query and fragment of the public URL of ${show(key)}`);
      }
      const urlOf = await fetchableUrls(t, t.key("plain"));
      await forEachAtOnce(keys, async (key) => {
        const answer = await fetchAsStranger(t, await urlOf(key));
        equal(await textOfAnswer(answer, `GET of ${show(key)}`), key, `content fetched for ${show(key)}`);
      });
    },
    refusal: async (t) => void throwsWith("Unsupported", () => t.provider.publicUrl(t.key("a b")), "publicUrl"),
  }),

  conformanceCase({
    id: "J03",
    title: "parseUrl knows no URL of another host, another bucket or another scheme",
    level: "core",
    async run(t) {
      const { provider } = t;
      for (const text of [...t.harness.urls.foreign, "", " ", "no URL at all", "https://", "mailto:a@b.example"]) {
        equal(provider.parseUrl(text), undefined, `parseUrl of ${show(text)}`);
      }
      if (!t.capabilities.publicUrl) return;
      const url = provider.publicUrl(t.key("a.png"));
      const authority = /^([a-z][a-z0-9+.-]*:\/\/)([^/]*)/u.exec(url);
      ok(authority?.[0] !== undefined, `a public URL has no scheme and host: ${url}`);
      const [start, scheme = "", host = ""] = authority;
      const rest = url.slice(start.length);
      for (const other of [
        `${scheme}elsewhere.example${rest}`,
        `${scheme}${host}.elsewhere.example${rest}`,
        `ftp://${host}${rest}`,
      ]) {
        equal(provider.parseUrl(other), undefined, `parseUrl of ${other}`);
      }
    },
  }),

  conformanceCase({
    id: "J04",
    title: "parseUrl takes the host in any case, http and https, the default port, a query and a fragment",
    level: "core",
    needs: ["publicUrl"],
    async run(t) {
      const key = t.key("Folder/a.png");
      const url = t.provider.publicUrl(key);
      const keyOf = (text: string) => t.provider.parseUrl(text)?.key;

      const dressed = t.provider.parseUrl(`${url}?v=1&w=a%20b#top`);
      equal(dressed?.key, key, "key of a URL with query and fragment");
      equal(dressed?.query, "v=1&w=a%20b", "its query");
      equal(dressed?.fragment, "top", "its fragment");
      equal(keyOf(`${url}?`), key, "key of a URL with an empty query");

      const web = /^(https?):\/\/([^/]+)(\/.*)$/u.exec(url);
      if (web === null) return;
      const [, scheme = "", host = "", path = ""] = web;
      const other = scheme === "http" ? "https" : "http";
      equal(keyOf(`${scheme}://${host.toUpperCase()}${path}`), key, "key of a URL with its host in capitals");
      equal(keyOf(`${scheme.toUpperCase()}://${host}${path}`), key, "key of a URL with its scheme in capitals");
      equal(keyOf(`${other}://${host}${path}`), key, `key of a URL with ${other} instead of ${scheme}`);
      if (host.includes(":")) return;
      equal(keyOf(`https://${host}:443${path}`), key, "key of a URL with port 443");
      equal(keyOf(`http://${host}:80${path}`), key, "key of a URL with port 80");
      equal(keyOf(`https://${host}:8443${path}`), undefined, "parseUrl of another port");
    },
  }),

  conformanceCase({
    id: "J05",
    title: "parseUrl does not take bucket img2 for img, nor key a.png.bak for a.png",
    level: "core",
    needs: ["publicUrl"],
    async run(t) {
      const { provider } = t;
      const key = t.key("a.png");
      for (const near of [`${key}.bak`, `${key}/b`, key.slice(0, -1), `${key}%20`]) {
        if (brokenKeyRule(near, t.capabilities.keys) !== undefined) continue;
        equal(provider.parseUrl(provider.publicUrl(near))?.key, near, `key of the public URL of ${near}`);
      }
      // The bucket stands in the path, or in front of the host, or (behind a CDN) nowhere.
      const url = provider.publicUrl(key);
      const { bucket } = provider;
      const twins = [`${bucket}2`, bucket.slice(0, -1), `${bucket}-a`, `a-${bucket}`].flatMap((twin) => [
        url.replace(`/${bucket}/`, `/${twin}/`),
        url.replace(`://${bucket}.`, `://${twin}.`),
      ]);
      for (const twin of twins) if (twin !== url) equal(provider.parseUrl(twin), undefined, `parseUrl of ${twin}`);
    },
  }),

  conformanceCase({
    id: "J06",
    title: "parseUrl understands every form of URL that the service has ever issued",
    level: "core",
    async run(t) {
      const { issued } = t.harness.urls;
      if (issued.length === 0) t.skip("the harness lists no URLs that the service has issued (harness.urls.issued)");
      for (const { url, key, kind } of issued) {
        const parsed = t.provider.parseUrl(url);
        equal(parsed?.key, key, `key of ${url}`);
        equal(parsed?.kind, kind, `kind of ${url}`);
        equal(parsed?.bucket, t.provider.bucket, `bucket of ${url}`);
        equal(parsed?.candidates[0], key, `likeliest candidate of ${url}`);
      }
    },
  }),

  conformanceCase({
    id: "J07",
    title: "parseUrl of a URL with a broken escape sequence is undefined, and throws nothing",
    level: "core",
    needs: ["publicUrl"],
    async run(t) {
      const url = t.provider.publicUrl(t.key("a.png"));
      for (const ending of ["%", "%4", "%zz", "%E0%A4%A", "%C0%80", "%FF"]) {
        equal(t.provider.parseUrl(url + ending), undefined, `parseUrl of a key ending in ${ending}`);
      }
    },
  }),

  conformanceCase({
    id: "J08",
    title: "a signed GET fetches the bytes, and a part of them by Range",
    level: "extended",
    needs: ["presign.get"],
    asks: ["anonymousFetch"],
    async run(t) {
      const key = t.key("signed file+1.txt");
      await t.provider.put(key, "0123456789", { signal: t.signal });
      const request = await sign(t, "GET", key);
      equal(await textOfAnswer(await sendSigned(t, request), "signed GET"), "0123456789", "content");
      if (!t.capabilities.range.bounded) return;
      const part = await sendSigned(t, request, { headers: { range: "bytes=2-5" } });
      equal(part.status, 206, "status of a signed GET with Range");
      bytesEqual(new Uint8Array(await part.arrayBuffer()), utf8("2345"), "bytes of the range");
    },
    refusal: (t) => refusesToSign(t, "GET"),
  }),

  conformanceCase({
    id: "J09",
    title: "a signed GET without its query is refused, so the permission is in the signature",
    level: "extended",
    needs: ["presign.get"],
    asks: ["anonymousFetch"],
    async run(t) {
      const key = t.key("private.txt");
      await t.provider.put(key, "private", { signal: t.signal });
      if (await answersStrangers(t, key)) t.skip("the bucket is public, so nothing in it is refused");
      const { url } = await sign(t, "GET", key);
      ok(url.includes("?"), `a signed URL without a query: its permission would be in the path`);
      await refusedByService(await fetchAsStranger(t, url.slice(0, url.indexOf("?"))), "GET without the signature");
    },
    refusal: (t) => refusesToSign(t, "GET"),
  }),

  conformanceCase({
    id: "J10",
    title: "a signed GET works until it expires and is refused after it",
    level: "extended",
    needs: ["presign.get"],
    asks: ["anonymousFetch"],
    async run(t) {
      const key = t.key("expiring.txt");
      await t.provider.put(key, "soon gone", { signal: t.signal });
      const before = Date.now();
      const request = await t.provider.presign({ method: "GET", key, expiresInSeconds: 2, signal: t.signal });
      // Services count whole seconds, so the end can be a second off.
      const lifetimeMs = request.expiresAt.getTime() - before;
      ok(
        lifetimeMs > 500 && lifetimeMs < 5_000,
        `a lifetime of 2 seconds was asked for, expiresAt says ${lifetimeMs} ms`,
      );
      equal(await textOfAnswer(await sendSigned(t, request), "signed GET in time"), "soon gone", "content");
      await eventually(async () => refusedByService(await sendSigned(t, request), "signed GET after its time"), {
        signal: t.signal,
        withinMs: 15_000,
        intervalMs: 250,
      });
    },
    refusal: (t) => refusesToSign(t, "GET"),
  }),

  conformanceCase({
    id: "J11",
    title: "a signed PUT stores the body; another method, and another type or length than the bound one, is refused",
    level: "extended",
    needs: ["presign.put"],
    asks: ["anonymousFetch"],
    async run(t) {
      const { bindsType, bindsLength } = t.capabilities.presign;
      const key = t.key("uploaded.txt");
      const bound = { ...(bindsType && { contentType: "text/plain" }), ...(bindsLength && { contentLength: 8 }) };
      const request = await t.provider.presign({
        method: "PUT",
        key,
        expiresInSeconds: MINUTE,
        ...bound,
        signal: t.signal,
      });

      await refusedByService(
        await fetchAsStranger(t, request.url, { method: "DELETE", headers: request.headers }),
        "DELETE with a URL signed for PUT",
      );
      if (bindsType) {
        const wrong = await sendSigned(t, request, { body: "uploaded", headers: otherType(request) });
        await refusedByService(wrong, "PUT with another content type");
      }
      if (bindsLength)
        await refusedByService(await sendSigned(t, request, { body: "uploaded more" }), "PUT of another length");
      equal(await t.provider.exists(key, { signal: t.signal }), false, "exists after refused uploads");

      await textOfAnswer(await sendSigned(t, request, { body: "uploaded" }), "signed PUT");
      equal(await textOf(t, key), "uploaded", "content of the uploaded object");
      if (bindsType) {
        equal(
          (await t.provider.head(key, { signal: t.signal })).contentType,
          "text/plain",
          "content type of the object",
        );
      }
    },
    refusal: (t) => refusesToSign(t, "PUT"),
  }),

  conformanceCase({
    id: "J12",
    title: "a signed form enforces the largest size and the key",
    level: "extended",
    needs: ["presign.post", "presign.bindsLength"],
    asks: ["anonymousFetch"],
    async run(t) {
      const key = t.key("form.txt");
      const request = await t.provider.presign({
        method: "POST",
        key,
        expiresInSeconds: MINUTE,
        maxSizeBytes: 10,
        signal: t.signal,
      });
      await refusedByService(await sendForm(t, request, {}, "more than ten bytes"), "a form with too large a file");
      equal(await t.provider.exists(key, { signal: t.signal }), false, "exists after a refused form");

      const [field] = Object.entries(request.fields ?? {}).find(([, value]) => value === key) ?? [];
      if (field !== undefined) {
        const other = t.key("other.txt");
        await refusedByService(await sendForm(t, request, { [field]: other }, "small"), "a form with another key");
        equal(await t.provider.exists(other, { signal: t.signal }), false, "exists of the other key");
      }
      await textOfAnswer(await sendForm(t, request, {}, "ten  bytes"), "a form of the largest size");
      equal(await textOf(t, key), "ten  bytes", "content of the uploaded object");
    },
    refusal: (t) => refusesToSign(t, "POST", { maxSizeBytes: 10 }),
  }),

  conformanceCase({
    id: "J13",
    title: "a signed PUT cannot write another key",
    level: "extended",
    needs: ["presign.put"],
    asks: ["anonymousFetch"],
    async run(t) {
      const [allowed, other] = [t.key("allowed-key.txt"), t.key("another-key.txt")];
      const request = await sign(t, "PUT", allowed);
      const url = request.url.replace("allowed-key.txt", "another-key.txt");
      ok(url !== request.url, "the signed URL does not show the key, so the case cannot change it");
      await refusedByService(await sendSigned(t, { ...request, url }, { body: "x" }), "PUT to another key");
      equal(await t.provider.exists(other, { signal: t.signal }), false, "exists of the other key");
    },
    refusal: (t) => refusesToSign(t, "PUT"),
  }),

  conformanceCase({
    id: "J14",
    title: "a signed GET answers with the type and disposition it was signed for",
    level: "extended",
    needs: ["presign.get", "presign.responseOverrides"],
    asks: ["anonymousFetch"],
    async run(t) {
      const key = t.key("plain.txt");
      await t.provider.put(key, "text", { contentType: "text/plain", signal: t.signal });
      const responseContentDisposition = 'attachment; filename="a b.csv"';
      const request = await t.provider.presign({
        method: "GET",
        key,
        expiresInSeconds: MINUTE,
        responseContentType: "text/csv",
        responseContentDisposition,
        signal: t.signal,
      });
      const answer = await sendSigned(t, request);
      equal(await textOfAnswer(answer, "signed GET"), "text", "content");
      equal(answer.headers.get("content-type"), "text/csv", "content type of the answer");
      equal(answer.headers.get("content-disposition"), responseContentDisposition, "disposition of the answer");
      equal((await t.provider.head(key, { signal: t.signal })).contentType, "text/plain", "stored content type");
    },
    refusal: (t) => refusesToSign(t, "GET", { responseContentType: "text/csv" }),
  }),

  conformanceCase({
    id: "J15",
    title: "a lifetime of zero, below zero, above the maximum or no whole number is an InvalidArgument",
    level: "core",
    needs: ["presign.get"],
    async run(t) {
      const { maxExpirySeconds } = t.capabilities.presign;
      for (const expiresInSeconds of [0, -1, 1.5, Number.NaN, Infinity, maxExpirySeconds + 1]) {
        const call = () => t.provider.presign({ method: "GET", key: t.key("a"), expiresInSeconds, signal: t.signal });
        await sendsNothing(t, () => rejectsWith("InvalidArgument", call, `presign for ${expiresInSeconds} seconds`));
      }
    },
    refusal: (t) => refusesToSign(t, "GET"),
  }),

  conformanceCase({
    id: "J16",
    title: "a signed GET for a missing key is NotFound when it is signed, or a refusal when it is used",
    level: "extended",
    needs: ["presign.get"],
    asks: ["anonymousFetch"],
    async run(t) {
      // S3 signs without looking; Supabase looks first.
      const signing = sign(t, "GET", t.key("missing.txt"));
      const request = await signing.catch(() => undefined);
      if (request === undefined) await rejectsWith("NotFound", signing, "signing a GET for a missing key");
      else await refusedByService(await sendSigned(t, request), "signed GET of a missing key");
    },
    refusal: (t) => refusesToSign(t, "GET"),
  }),

  conformanceCase({
    id: "J17",
    title:
      "what the provider cannot sign or name is Unsupported without a request; what it can is a request for that key",
    level: "core",
    async run(t) {
      const { presign } = t.capabilities;
      const can = {
        GET: presign.get,
        PUT: presign.put,
        HEAD: presign.head,
        DELETE: presign.delete,
        POST: presign.post,
      };
      if (!t.capabilities.publicUrl) throwsWith("Unsupported", () => t.provider.publicUrl(t.key("a")), "publicUrl");
      for (const method of METHODS) if (!can[method]) await sendsNothing(t, () => refusesToSign(t, method));

      for (const method of METHODS.filter((one) => can[one])) {
        const key = t.key(`${method}.txt`);
        if (method !== "PUT" && method !== "POST") await t.provider.put(key, "x", { signal: t.signal });
        const request = await sign(t, method, key);
        equal(request.method, method, `method of a request signed for ${method}`);
        ok(request.expiresAt.getTime() > Date.now(), `a request signed for ${method} has expired already`);
        if (method === "POST") continue;
        equal(t.provider.parseUrl(request.url)?.key, key, `key that parseUrl finds in a URL signed for ${method}`);
      }
    },
  }),

  conformanceCase({
    id: "J18",
    title: "a publicUrl holds no credential, and no error shows a signed parameter",
    level: "core",
    async run(t) {
      const { provider, signal } = t;
      const key = t.key("a.txt");
      await provider.put(key, "a", { signal });
      const signed = t.capabilities.presign.get ? await sign(t, "GET", key) : undefined;
      // Values as long as a signature or a token; dates and lifetimes are shorter.
      const secrets = [...new URL(signed?.url ?? "about:blank").searchParams.values()].filter(
        ({ length }) => length > 31,
      );
      if (t.capabilities.publicUrl) {
        const url = new URL(provider.publicUrl(key));
        equal([url.username, url.password, url.search], ["", "", ""], "user, password and query of a public URL");
      }
      const failures = [
        rejectsWith("NotFound", () => provider.get(t.key("missing"), { signal })),
        rejectsWith("NotFound", () => provider.copy(t.key("missing"), key, { signal })),
        rejectsWith("InvalidKey", () => provider.put("", "a", { signal })),
        rejectsWith(["InvalidArgument", "Unsupported"], () =>
          provider.presign({ method: "GET", key, expiresInSeconds: -1, signal }),
        ),
      ];
      for (const error of await Promise.all(failures)) showsNoSecret(error, secrets);
    },
  }),
];

async function sign(t: CaseContext, method: PresignOptions["method"], key: string): Promise<PresignedRequest> {
  return t.provider.presign({ method, key, expiresInSeconds: MINUTE, signal: t.signal });
}

async function refusesToSign(
  t: CaseContext,
  method: PresignOptions["method"],
  options: Partial<PresignOptions> = {},
): Promise<void> {
  const call = () =>
    t.provider.presign({ method, key: t.key("a.txt"), expiresInSeconds: MINUTE, ...options, signal: t.signal });
  await rejectsWith("Unsupported", call, `presign for ${method}`);
}

async function answersStrangers(t: CaseContext, key: string): Promise<boolean> {
  if (!t.capabilities.publicUrl) return false;
  const answer = await fetchAsStranger(t, t.provider.publicUrl(key));
  await answer.text();
  return answer.ok;
}

/** Public URLs where the bucket answers strangers, else signed ones: both encode the key for a plain GET. */
async function fetchableUrls(t: CaseContext, probe: string): Promise<(key: string) => Promise<string>> {
  if (await answersStrangers(t, probe)) return async (key) => t.provider.publicUrl(key);
  if (!t.capabilities.presign.get) t.skip("the bucket does not answer strangers, and the provider signs no GET");
  return async (key) => (await sign(t, "GET", key)).url;
}

/** The headers of the request with another content type, however its name is written. */
function otherType(request: PresignedRequest): Record<string, string> {
  const name = Object.keys(request.headers).find((header) => header.toLowerCase() === "content-type") ?? "content-type";
  return { [name]: "text/html" };
}
