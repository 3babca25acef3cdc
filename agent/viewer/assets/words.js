// How numbers and foreign texts are written.

const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000d\u000e-\u001f\u007f-\u009f\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** `text` as it is shown: characters that one cannot see, or that turn others round, are named (U+202E as ⟨202E⟩; NUL as ␀). */
export function visible(text) {
  const whole = typeof text === "string" ? text : text === null || text === undefined ? "" : JSON.stringify(text);
  return whole.replace(/\r\n/g, "\n").replace(HIDDEN, (mark) => {
    const code = mark.charCodeAt(0);
    return code < 32 ? String.fromCharCode(0x2400 + code) : `⟨${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/** A long text in parts, each a text of its own on the page: a browser lays out many short ones sooner than one long one. */
export const pieces = (text) => text.match(/[^]{1,10000}(?![\udc00-\udfff])/g) ?? [];

/** On one line and at most `most` characters. Long texts are cut before they are looked at. */
export function line(text, most = 160) {
  const head = typeof text === "string" ? text.slice(0, most * 4) : text;
  const clean = visible(head).replace(/\s+/g, " ").trim();
  const signs = Array.from(clean);
  return signs.length > most || (typeof text === "string" && text.length > most * 4) ? `${signs.slice(0, most - 1).join("").trimEnd()}…` : clean;
}

const grouped = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** 12345 as "12,345"; "–" where there is none. */
export const number = (value) => (Number.isFinite(value) ? grouped.format(value) : "–");
/** 12345 as "12.3K". */
export const brief = (value) => (Number.isFinite(value) ? compact.format(value) : "–");
/** With so many decimals, a true minus, and "–" where there is none. */
export const fixed = (value, digits = 2) => (Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "–");
/** With its sign. */
export const signed = (value, digits = 2) => (Number.isFinite(value) ? `${value > 0 ? "+" : ""}${fixed(value, digits)}` : "–");
/** A share as "60%". */
export const percent = (share) => (Number.isFinite(share) ? `${Math.round(share * 100)}%` : "–");
/** "1 clip", "2 clips". */
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** Seconds as "850 ms", "4.2 s", "3 min 20 s", "1 h 5 min". */
export function seconds(value) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0 s";
  if (value < 1) return `${Math.max(1, Math.round(value * 1000))} ms`;
  if (value < 60) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

/** A decimal string in USD as "$0.0123": cents from a dollar on, else three figures. "–" where the price is not known. */
export function money(value) {
  if (value === null || value === undefined || value === "") return "–";
  const amount = Number(value);
  if (!Number.isFinite(amount)) return "–";
  if (amount === 0) return "$0";
  if (Math.abs(amount) >= 1) return `$${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${Number(amount.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 9 })}`;
}
