/** The page around a report: one file, no scripts, nothing loaded from anywhere, light or dark as the reader has it. */

import { html, Markup } from "./markup.ts";

const style = `
:root{color-scheme:light dark;--paper:#fbfaf8;--card:#fff;--ink:#1d1f24;--soft:#626771;--line:#e3e1dc;--grid:#eceae5;--blue:#2b5fa8;--tint:#2b5fa822;--bar:#2b5fa82e;--red:#b3372c;--green:#2c7a4b;--cold:#c9cdd4;--probation:#e0b94f;--certified:#5aa977;--watch:#e08a4a;--revoked:#cf6257}
@media(prefers-color-scheme:dark){:root{--paper:#15171b;--card:#1c1f25;--ink:#e8e8e6;--soft:#9ca2ac;--line:#30343c;--grid:#2a2e35;--blue:#7fb0f2;--tint:#7fb0f226;--bar:#7fb0f233;--red:#f08a7f;--green:#7ecb9b;--cold:#4b515c;--probation:#a98628;--certified:#3c8459;--watch:#b3672c;--revoked:#a9463c}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:780px;margin:0 auto;padding:40px 20px 64px}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:1.45rem;line-height:1.25;margin:56px 0 4px;padding-top:20px;border-top:2px solid var(--ink)}
h3{font-size:1.06rem;margin:36px 0 4px}
p{margin:.45em 0;max-width:68ch}
.soft,.aside,figcaption{color:var(--soft);font-size:.9rem}
blockquote{margin:16px 0;padding:14px 18px;background:var(--card);border:1px solid var(--line);border-left:4px solid var(--blue);border-radius:4px}
blockquote p{margin:.3em 0}
details{margin:8px 0}summary{cursor:pointer;color:var(--soft);font-size:.92rem}
ul{margin:.4em 0;padding-left:1.2em}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:10px;margin:18px 0}
.figures div{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:12px 14px}
.figures b{display:block;font-size:1.5rem;line-height:1.25;font-weight:600;letter-spacing:-.01em}
.figures span{display:block;color:var(--soft);font-size:.84rem;line-height:1.4}
figure{margin:12px 0 8px;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:14px 12px 10px}
figure svg{display:block;width:100%;height:auto}
figcaption{padding:6px 6px 2px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:10px 0;font-size:.92rem}
th{text-align:left;font-weight:600;color:var(--soft);font-size:.84rem}
th,td{padding:5px 14px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
tfoot td{border-bottom:0;color:var(--soft)}
.n{text-align:right;white-space:nowrap}.when{white-space:nowrap;color:var(--soft)}.wide{width:26%;vertical-align:middle}.text{color:var(--soft);overflow-wrap:anywhere}
bdi{overflow-wrap:anywhere}
.good{color:var(--green)}.bad{color:var(--red)}
.badge{display:inline-block;padding:1px 10px;border-radius:999px;font-size:.86rem;font-weight:600;color:#16181c}
.dot{display:inline-block;width:.62em;height:.62em;border-radius:50%;margin-right:.5em}
.badge.cold,.dot.cold{background:var(--cold)}.badge.probation,.dot.probation{background:var(--probation)}.badge.certified,.dot.certified{background:var(--certified)}.badge.watch,.dot.watch{background:var(--watch)}.badge.revoked,.dot.revoked{background:var(--revoked)}
svg text{font-size:12.5px;fill:var(--soft)}svg .small{font-size:10.5px}svg .label{fill:var(--ink)}svg .note{fill:var(--red);paint-order:stroke;stroke:var(--card);stroke-width:4px}svg .on-state{fill:#16181c;font-size:11.5px}
.grid{stroke:var(--grid)}.axis{stroke:var(--soft)}
.curve{fill:none;stroke:var(--blue);stroke-width:2;stroke-linejoin:round}
.spread{fill:var(--tint)}.bar{fill:var(--bar)}.diagonal{fill:none;stroke:var(--soft);stroke-dasharray:4 4}.promise{stroke:var(--red);stroke-dasharray:6 4}
.point{stroke:var(--blue);stroke-width:1.5}.point circle{fill:var(--card)}
.certified line,.certified circle{stroke:var(--green);stroke-width:2}g.certified circle{fill:var(--green)}
.state.cold{fill:var(--cold)}.state.probation{fill:var(--probation)}.state.certified{fill:var(--certified)}.state.watch{fill:var(--watch)}.state.revoked{fill:var(--revoked)}.behind{opacity:.13}
.meter{width:100%;height:8px;display:block;margin-top:7px}.rail{fill:var(--grid)}.fill{fill:var(--blue)}
@media(prefers-color-scheme:dark){.badge,svg .on-state{color:#f3f3f1;fill:#f3f3f1}}
@media print{body{background:#fff}figure,.figures div{break-inside:avoid}}
`;

/** A whole document. Even markup that got in against all care could load and run nothing. */
export function page(title: string, body: readonly (Markup | null)[]): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${new Markup(style)}</style></head>
<body><main>${body}</main></body></html>
`.text;
}
