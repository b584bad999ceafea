// Checks that a webhook comes from Feedback Bridge. No package needed; Node 18 or newer.
//
// As a program: WEBHOOK_SECRET=whsec_… node verify.mjs ID TIMESTAMP SIGNATURE <body
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { argv, env, exit } from "node:process";
import { pathToFileURL } from "node:url";

// id, timestamp and signatures are the headers webhook-id, webhook-timestamp and webhook-signature.
// body: the bytes as they arrived, a Buffer, before anything has parsed them (express.raw(), not express.json()).
export function verify(secret, id, timestamp, signatures, body) {
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) {
    return false; // an old request that somebody sends again
  }
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
  const right = Buffer.from("v1," + createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64"));
  return signatures.split(" ").some((one) => {
    const given = Buffer.from(one);
    return given.length === right.length && timingSafeEqual(given, right);
  });
}

if (import.meta.url === pathToFileURL(argv[1]).href) {
  const authentic = verify(env.WEBHOOK_SECRET, argv[2], argv[3], argv[4], readFileSync(0));
  console.log(authentic ? "authentic" : "not authentic");
  exit(authentic ? 0 : 1);
}
