// The worker's entry.
import worker from "./worker.mjs";

export default {
  async fetch(request, env, ctx) {
    // Go reads no such URL, and its refusal would be a fault of the worker.
    if (/%(?![0-9a-f]{2})/i.test(new URL(request.url).pathname)) {
      const message = "the address has a % that is followed by no two hex digits: write %25";
      return Response.json({ error: "bad_url", message, detail: message }, { status: 400, headers: { "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store" } });
    }
    const answer = await worker.fetch(request, env, ctx);
    if (!answer.headers.has("Content-Encoding")) return answer;
    // What is compressed already goes out as it is; the platform would compress it a second time.
    return new Response(answer.body, { status: answer.status, headers: answer.headers, encodeBody: "manual" });
  },
};
