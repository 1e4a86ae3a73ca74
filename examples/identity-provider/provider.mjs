// An identity provider on this machine, for trying the pages: node provider.mjs [FILE]
//
// It is the certified package `oidc-provider` with its own sign-in page, which takes any password. The keys are
// made at every start, and it forgets everybody when it stops: never let it guard anything.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const file = process.argv[2] ?? new URL('provider.json', import.meta.url);
const { port, clientId, clientSecret, callback, people } = JSON.parse(readFileSync(file, 'utf8'));
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('hex'), use: 'sig', alg: 'RS256' };

const provider = new Provider(issuer, {
  clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [callback] }],
  jwks: { keys: [key] },
  pkce: { required: () => true, methods: ['S256'] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  // Everything that Countersign asks for stands in the ID token itself.
  claims: { openid: ['sub', 'userId', 'userName', 'orgId', 'permissions', 'groups'] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => (people[id] ? { accountId: id, claims: () => ({ sub: id, ...people[id] }) } : undefined),
  // Nobody has to say yes to what an own service is told.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope(ctx.oidc.params.scope);
    await grant.save();
    return grant;
  },
});
provider.on('server_error', (_, error) => console.error(error));
provider.listen(port, '127.0.0.1', () => console.log(`listening on ${issuer}`));
