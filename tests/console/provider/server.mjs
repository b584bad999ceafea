// node server.mjs PORT CLIENT SECRET REDIRECT: an OpenID provider with one client. Whoever signs in with a name is NAME@example.com.
import Provider from "oidc-provider";

const [port, client, secret, redirect] = process.argv.slice(2);

async function findAccount(_context, name) {
  return {
    accountId: name,
    claims: () => ({ sub: name, email: `${name}@example.com`, email_verified: true }),
  };
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: client, client_secret: secret, redirect_uris: [redirect] }],
  claims: { email: ["email", "email_verified"] },
  findAccount,
  cookies: { keys: ["made-up"] },
});

provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
