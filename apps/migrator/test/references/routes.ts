import { openRoute, parseConfig, type Route } from "@bucketferry/config";

/** Two routes that need no server: URLs are only read and written here. */
export async function classroomRoutes(): Promise<Route[]> {
  const target = { adapter: "fs", directory: "nowhere" };
  const source = { adapter: "supabase", url: "https://ref.supabase.co", key: "fake.service.key" };
  const config = await parseConfig(
    {
      routes: [
        {
          name: "audio",
          source: { ...source, bucket: "lecture-audio" },
          target: { ...target, publicBaseUrl: "https://cdn.example.com/audio" },
        },
        {
          name: "images",
          source: { ...source, bucket: "images" },
          target: { ...target, publicBaseUrl: "https://cdn.example.com/images" },
        },
      ],
    },
    "bucketferry.config.json",
    { environment: {} },
  );
  return config.routes.map(openRoute);
}

/** A route from a bucket whose URLs have no path of their own: only their hosts tell them. */
export async function bucketRoutes(): Promise<Route[]> {
  const s3 = { adapter: "s3", region: "eu-central-1", accessKeyId: "fake", secretAccessKey: "fake" };
  const config = await parseConfig(
    {
      routes: [
        {
          name: "media",
          source: { ...s3, bucket: "school-media" },
          target: { adapter: "fs", directory: "nowhere", publicBaseUrl: "https://cdn.example.com/media" },
        },
      ],
    },
    "bucketferry.config.json",
    { environment: {} },
  );
  return config.routes.map(openRoute);
}

export const OLD = "https://ref.supabase.co/storage/v1/object/public";
export const NEW = "https://cdn.example.com";
