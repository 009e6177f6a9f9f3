/* How the page looks. Colours are named once for each scheme, and each text has a contrast of at least 4.5 to what it stands on (a test
 * measures it). On a narrow screen a table's rows become blocks, whose cells name themselves (data-label). */
#include "monitor/page/style.h"
#include "base/hash.h"
#include <stdio.h>

const char *const style_rules[] = {
    ":root{color-scheme:light dark;--paper:#fcfcfa;--card:#fff;--ink:#1c1e21;--quiet:#5b6168;--line:#e2e2dd;",
    "--well:#1a6b3c;--warn:#875100;--bad:#b1231b;--link:#0a559f}",
    "@media(prefers-color-scheme:dark){:root{--paper:#131416;--card:#1a1c1f;--ink:#e9e9e6;--quiet:#a3a8ae;",
    "--line:#2d3035;--well:#74cf9b;--warn:#eeb35c;--bad:#ff8f85;--link:#8fbcff}}",
    "*{box-sizing:border-box}",
    "html{-webkit-text-size-adjust:100%}",
    "body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,",
    "\"Noto Sans\",\"Liberation Sans\",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word}",
    "main{max-width:80rem;margin:0 auto;padding:2.25rem 2rem 4rem}",
    "a{color:var(--link);text-decoration:none}",
    "a:hover,a:focus-visible{text-decoration:underline}",
    "header{display:flex;justify-content:space-between;gap:1rem;flex-wrap:wrap}",
    "header,footer,.ends{color:var(--quiet);font-size:.867rem}",
    "footer{margin-top:4rem}",
    "h1{font-size:1.9rem;line-height:1.2;font-weight:600;letter-spacing:-.015em;margin:2rem 0 .5rem;text-wrap:balance}",
    "h1 .i{width:.85em;height:.85em}",
    "h1 span{font-weight:400}",
    "h2{font-size:1.15rem;font-weight:600;margin:3rem 0 .75rem}",
    "p{margin:.35rem 0;max-width:60rem}",
    ".q,.waiting{color:var(--quiet)}",
    ".well{color:var(--well)}",
    ".warn,.late,.guarded{color:var(--warn)}",
    ".bad,.failing,.never{color:var(--bad)}",
    ".i{width:1em;height:1em;vertical-align:-.125em;margin-right:.4em;fill:none;stroke:currentColor}",
    ".i{stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}",
    "nav,form{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem;align-items:center;margin:1.75rem 0 0}",
    "nav a[aria-current]{color:var(--ink);font-weight:600;text-decoration:underline;text-underline-offset:.35em}",
    "form{gap:.5rem;margin:0 0 0 auto}",
    "input,button{font:inherit;color:inherit;background:var(--card);border:1px solid "
    "var(--quiet);border-radius:.35rem}",
    "input,button{padding:.2rem .6rem}",
    "button{color:var(--link);cursor:pointer}",
    "input{width:11rem;max-width:100%}",
    "table{border-collapse:collapse;width:100%;margin:1.25rem 0 0}",
    "th,td{text-align:left;vertical-align:top;padding:.55rem 1.5rem .55rem 0;border-bottom:1px solid var(--line)}",
    "th:last-child,td:last-child{padding-right:0}",
    "thead th{color:var(--quiet);font-weight:500;font-size:.867rem;vertical-align:bottom;white-space:nowrap}",
    "tbody th{font-weight:600;width:9rem}",
    ".c,.w,bdi,tbody th,p,h1{overflow-wrap:anywhere}",
    ".y{min-width:8rem;overflow-wrap:anywhere}",
    ".s{white-space:nowrap;font-weight:500}",
    ".n{text-align:right;white-space:nowrap}",
    "time,.t,.a{white-space:nowrap}",
    ".a{color:var(--quiet);font-size:.867rem;padding-left:.25em}",
    "dd .a,th .a{display:block;padding:0}",
    ".do{display:block;color:var(--quiet)}",
    "code,.c{font-family:ui-monospace,SFMono-Regular,\"Liberation Mono\",Menlo,monospace;font-size:.9em}",
    "dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:1.1rem 2rem;margin:1.75rem 0}",
    "dt{color:var(--quiet);font-size:.867rem}",
    "dd{margin:0;font-size:1.05rem}",
    "ul{margin:.5rem 0;padding-left:1.1rem}",
    "li{margin:.2rem 0}",
    "td ul{margin:0;padding:0;list-style:none}",
    "td li{margin:0}",
    "del,ins{text-decoration:none}",
    "del{color:var(--quiet)}",
    ".strip{display:block;width:100%;height:2.25rem;margin:.75rem 0 .25rem}",
    ".on{fill:var(--well)}",
    ".off{fill:var(--line)}",
    ".ends{display:flex;justify-content:space-between}",
    "@media(max-width:48rem){",
    "main{padding:1.25rem 1.1rem 3rem}",
    "h1{font-size:1.5rem;margin-top:1.5rem}",
    "form{margin:0;width:100%}",
    "input{flex:1}",
    "table,tbody{display:block}",
    "thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}",
    "tr{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;padding:.8rem 0;border-bottom:1px solid var(--line)}",
    "td,tbody th{border:0;padding:0}",
    "tbody th{flex:1 0 auto;max-width:100%}",
    ".y{min-width:0}",
    ".n{text-align:left}",
    ".w{flex:1 0 100%}",
    "td:empty{display:none}",
    "td[data-label]::before{content:attr(data-label) \"\\2002\";color:var(--quiet);font-size:.867rem}",
    "td.s::before{display:none}",
    "dl{grid-template-columns:repeat(2,minmax(0,1fr))}",
    "}",
    "@media print{nav,form,footer{display:none}}",
    NULL};

void style_policy(char ret_policy[STYLE_POLICY_BYTES]) {
  unsigned char digest[HASH_BYTES];
  char encoded[HASH_BASE64_BYTES];
  struct buffer style;
  struct hasher *hasher = hasher_create();
  buffer_init(&style, 64 * 1024);
  for (int i = 0; style_rules[i] != NULL; i++)
    buffer_append_text(&style, style_rules[i]);
  hasher_digest(hasher, buffer_slice(&style), digest);
  hash_base64(digest, encoded);
  snprintf(ret_policy, STYLE_POLICY_BYTES,
           "default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
           encoded);
  hasher_destroy(hasher);
  buffer_finish(&style);
}
