// verify_jws.mjs PUBLIC_PEM [SECONDS] - verifies the compact JWS on standard input with
// jose, an implementation of RFC 7515 that shares nothing with the program;
// prints its header, payload and the key's thumbprint as JSON. Exits 1, with
// the reason on standard error, when it is not valid.
//
// The time is SECONDS, if they are given, so that a pretend clock is as good.
import { readFileSync } from "node:fs";
import * as jose from "jose";

const [path, now] = process.argv.slice(2);
const text = readFileSync(0, "utf8").trim();
try {
  const key = await jose.importSPKI(readFileSync(path, "utf8"), "ES256");
  const { payload, protectedHeader } = await jose.jwtVerify(text, key, {
    algorithms: ["ES256"],
    issuer: "stat.flexfs",
    requiredClaims: ["sub", "source", "iat", "exp", "jti"],
    ...(now && { currentDate: new Date(1000 * Number(now)) }),
  });
  const thumbprint = await jose.calculateJwkThumbprint(
    await jose.exportJWK(await jose.importSPKI(
      readFileSync(path, "utf8"), "ES256", { extractable: true })));
  console.log(JSON.stringify({ header: protectedHeader, payload, thumbprint }));
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exit(1);
}
