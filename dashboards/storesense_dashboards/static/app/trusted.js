// The one policy by which a script's address is trusted: our own files only. The server allows no other policy.
const policy = globalThis.trustedTypes?.createPolicy("storesense", {
  createScriptURL(text) {
    const url = new URL(text, location.origin);
    const isOurs = url.origin === location.origin && /^\/(static|staff)\b/.test(url.pathname);
    if (!isOurs) throw new TypeError(`${url.href} is no script of ours.`);
    return url.href;
  },
});

/** The address of a script of ours as workers take it. */
export const scriptUrl = (text) => policy?.createScriptURL(text) ?? text;
