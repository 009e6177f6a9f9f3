/* Every option of a request in one place, so that what is sent to whom can be read on one screen. Error texts are our
 * own wherever curl's hold varying numbers: a failure that lasts must read the same each time. */
#include "io/http_request.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool set_text(CURL *easy, CURLoption option, const char *text) {
  return curl_easy_setopt(easy, option, text) == CURLE_OK;
}

static bool set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value) == CURLE_OK;
}

/* Basic: the key is the user name, the password empty (close-api.md 3.1). */
static bool set_credential(CURL *easy, const struct http_request *request) {
  bool bearer = request->scheme == HTTP_BEARER;
  if (request->credential == NULL)
    return true;
  const char *text = secret_expose(request->credential);
  return set_long(easy, CURLOPT_HTTPAUTH, bearer ? (long)CURLAUTH_BEARER : (long)CURLAUTH_BASIC) &&
         set_text(easy, bearer ? CURLOPT_XOAUTH2_BEARER : CURLOPT_USERNAME, text) &&
         (bearer || set_text(easy, CURLOPT_PASSWORD, ""));
}

/* Whom we talk to and what we show him: the credential goes to the URL's host alone. */
static bool set_trust(const struct http_options *options, CURL *easy) {
  return set_long(easy, CURLOPT_FOLLOWLOCATION, 0) && set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
         set_long(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED) && set_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1) &&
         set_text(easy, CURLOPT_PROXY, options->proxy != NULL ? options->proxy : "") &&
         set_text(easy, CURLOPT_NOPROXY, "") &&
         /* a tunnel: the proxy is told the host's name, and never sees the key of an https request */
         set_long(easy, CURLOPT_HTTPPROXYTUNNEL, options->proxy != NULL) &&
         set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) &&
         set_long(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) && set_long(easy, CURLOPT_SSL_VERIFYPEER, 1) &&
         set_long(easy, CURLOPT_SSL_VERIFYHOST, 2) &&
         (options->ca_file == NULL || set_text(easy, CURLOPT_CAINFO, options->ca_file)) &&
         /* one source of trust; only then does curl share the parsed bundle between connections, too */
         set_text(easy, CURLOPT_CAPATH, NULL);
}

/* Or Close's framework may render HTML (close-api.md 5.3). Curl reads this list and no more. */
static bool set_accept(CURL *easy) {
  static char line[] = "Accept: application/json";
  static const struct curl_slist headers = {.data = line};
  return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, &headers) == CURLE_OK;
}

/* A page of a hundred accounts is over a hundred kilobytes, which curl would read in eight pieces. Below the size from which malloc asks the
 * system each time. */
#define READ_BYTES (64L * 1024)

static bool set_transport(const struct http_options *options, CURL *easy, const char *url) {
  bool tls = strncmp(url, "https:", 6) == 0;
  return set_text(easy, CURLOPT_URL, url) && set_accept(easy) &&
         set_long(easy, CURLOPT_PATH_AS_IS, 1) && /* or the path /x/../y/ becomes another resource */
         set_text(easy, CURLOPT_USERAGENT, options->user_agent) && set_text(easy, CURLOPT_ACCEPT_ENCODING, "gzip") &&
         set_long(easy, CURLOPT_BUFFERSIZE, READ_BYTES) &&
         set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS) &&
         /* without TLS nothing is negotiated: curl would wait for the first answer before a second connection */
         set_long(easy, CURLOPT_PIPEWAIT, tls) && set_long(easy, CURLOPT_NOSIGNAL, 1) &&
         set_long(easy, CURLOPT_QUICK_EXIT, 1) && set_long(easy, CURLOPT_TCP_KEEPALIVE, 1) &&
         set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms) &&
         set_long(easy, CURLOPT_TIMEOUT_MS, (long)options->request_timeout_ms);
}

/* HTTP/1.1 on a fresh connection: neither a kept one that died nor a refused stream makes curl send the form again by itself. */
static bool set_form(CURL *easy, const struct secret *form) {
  return set_text(easy, CURLOPT_POSTFIELDS, secret_expose(form)) && set_long(easy, CURLOPT_FRESH_CONNECT, 1) &&
         set_long(easy, CURLOPT_FORBID_REUSE, 1) && set_long(easy, CURLOPT_PIPEWAIT, 0) &&
         set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
}

bool request_configure(void *easy, const struct http_options *options, const struct http_request *request) {
  return set_trust(options, easy) && set_credential(easy, request) && set_transport(options, easy, request->url) &&
         (request->form == NULL ? set_long(easy, CURLOPT_HTTPGET, 1) : set_form(easy, request->form));
}

/* host[:port] of a URL; what stands before an @ is never shown. */
static void copy_authority(const char *url, char *ret_text, size_t size) {
  const char *begin = url != NULL ? strstr(url, "://") : NULL;
  begin = begin != NULL ? begin + 3 : "";
  size_t length = strcspn(begin, "/?#");
  const char *at = memchr(begin, '@', length);
  if (at != NULL) {
    length -= (size_t)(at + 1 - begin);
    begin = at + 1;
  }
  if (length >= size)
    length = size - 1;
  memcpy(ret_text, begin, length);
  ret_text[length] = '\0';
}

/* Whom a connection is made to. */
struct peer {
  const char *url;
  char host[256];  /* of it */
  char asked[256]; /* the host that is asked, perhaps through the former */
  bool is_proxy;
};

static void name_peer(CURL *easy, const struct http_options *options, struct peer *ret_peer) {
  const char *url = NULL;
  curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
  ret_peer->is_proxy = options->proxy != NULL;
  ret_peer->url = ret_peer->is_proxy ? options->proxy : url;
  copy_authority(ret_peer->url, ret_peer->host, sizeof ret_peer->host);
  copy_authority(url, ret_peer->asked, sizeof ret_peer->asked);
}

static void set_timeout_error(CURL *easy, const struct http_options *options, const struct peer *peer,
                              struct error *error) {
  curl_off_t started = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &started);
  bool connecting = started == 0 && options->connect_timeout_ms < options->request_timeout_ms;
  double seconds = (double)(connecting ? options->connect_timeout_ms : options->request_timeout_ms) / 1000.0;
  if (connecting && peer->is_proxy)
    error_set(error, ERROR_TIMEOUT,
              "no connection to \"%s\" through the proxy \"%s\" within %g s (api.connect_timeout)", peer->asked,
              peer->host, seconds);
  else if (connecting)
    error_set(error, ERROR_TIMEOUT, "no connection to \"%s\" within %g s (api.connect_timeout)", peer->host, seconds);
  else
    error_set(error, ERROR_TIMEOUT, "no complete answer from \"%s\" within %g s (api.request_timeout)", peer->asked,
              seconds);
}

static bool is_tls_code(int code) {
  static const CURLcode codes[] = {
      CURLE_SSL_CONNECT_ERROR,
      CURLE_PEER_FAILED_VERIFICATION,
      CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CIPHER,
      CURLE_SSL_ISSUER_ERROR,
      CURLE_USE_SSL_FAILED,
      CURLE_SSL_ENGINE_INITFAILED,
      CURLE_SSL_INVALIDCERTSTATUS,
  };
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if ((int)codes[i] == code)
      return true;
  return false;
}

/* The connection broke: which of these curl calls it depends on the moment, and a failure that lasts must read the same. */
static bool is_broken_code(int code) {
  return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
         code == CURLE_PARTIAL_FILE || code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
}

/* Why there was no socket, or no file for curl or the resolver to read; they do not say that no descriptor was free. 0: that was not it. */
static int no_descriptor(const struct request_failure *failure) {
  bool silent = failure->code == CURLE_COULDNT_RESOLVE_HOST || failure->code == CURLE_COULDNT_RESOLVE_PROXY ||
                failure->code == CURLE_SSL_CACERT_BADFILE;
  if (failure->code == CURLE_COULDNT_CONNECT)
    return failure->socket_errno;
  if (!silent)
    return 0;
  int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    return errno == EMFILE ? EMFILE : 0;
  close(fd);
  return 0;
}

/* The connection to the proxy is there, or is not, but the tunnel is not. True when that is the failure, and told. */
static bool name_proxy_failure(CURL *easy, const struct peer *peer, const struct request_failure *failure,
                               struct error *error) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
  bool speaks_tls = strncmp(peer->url, "https:", 6) == 0;
  if (status != 0 && (status < 200 || status > 299))
    error_set(error, ERROR_NETWORK, "the proxy \"%s\" does not connect to \"%s\" (HTTP %ld)%s", peer->host, peer->asked,
              status, status == 407 ? ": it wants a user name, which api.proxy cannot give" : "");
  else if (status == 0 && !failure->sent && (is_broken_code(failure->code) || failure->code == CURLE_PROXY))
    error_set(error, ERROR_NETWORK, "the proxy \"%s\" does not connect to \"%s\"", peer->host, peer->asked);
  else if (status == 0 && !failure->sent && speaks_tls && is_tls_code(failure->code))
    error_set(error, ERROR_NETWORK, "could not make a trusted connection to the proxy \"%s\": TLS: %s", peer->host,
              failure->reason);
  return error->kind != ERROR_NONE;
}

static void name_connect_failure(CURL *easy, const struct peer *peer, struct error *error) {
  long number = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
  error_set(error, ERROR_NETWORK, "could not connect to %s\"%s\": %s", peer->is_proxy ? "the proxy " : "", peer->host,
            number != 0 ? strerror((int)number) : "refused or unreachable");
}

/* curl's own words for these speak of disks and protocols. */
static const char *usual_words(int code, bool sent) {
  if (code == CURLE_WRITE_ERROR || code == CURLE_BAD_CONTENT_ENCODING)
    return "it cannot be decompressed";
  return (code == CURLE_UNSUPPORTED_PROTOCOL && sent) || code == CURLE_WEIRD_SERVER_REPLY
             ? "what came is no HTTP"
             : curl_easy_strerror((CURLcode)code);
}

static void name_failure(CURL *easy, const struct peer *peer, const struct request_failure *failure,
                         struct error *error) {
  int code = failure->code, descriptor_errno = no_descriptor(failure);
  const char *usual = usual_words(code, failure->sent);
  if (failure->again || is_broken_code(code))
    error_set(error, ERROR_NETWORK, "could not get an answer from \"%s\": the connection broke", peer->asked);
  else if (descriptor_errno != 0)
    error_set(error, ERROR_NETWORK, "could not open a connection to \"%s\": %s%s", peer->asked,
              strerror(descriptor_errno),
              descriptor_errno == EMFILE ? " (raise the limit: LimitNOFILE= of the service, ulimit -n)" : "");
  else if (is_tls_code(code))
    error_set(error, ERROR_NETWORK, "could not make a trusted connection to \"%s\": TLS: %s", peer->asked,
              failure->reason[0] != '\0' ? failure->reason : usual);
  else if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
    error_set(error, ERROR_NETWORK, "could not resolve the name of the %s \"%s\"", peer->is_proxy ? "proxy" : "host",
              peer->host);
  else if (code == CURLE_COULDNT_CONNECT)
    name_connect_failure(easy, peer, error);
  else
    error_set(error, ERROR_NETWORK, "could not get an answer from \"%s\": %s", peer->asked, usual);
}

void request_error(void *easy, const struct http_options *options, const struct request_failure *failure,
                   struct error *error) {
  long sent_bytes = 0;
  struct peer peer;
  *error = (struct error){0};
  name_peer(easy, options, &peer);
  if (failure->code == CURLE_OPERATION_TIMEDOUT && !failure->again)
    set_timeout_error(easy, options, &peer, error);
  else if (!peer.is_proxy || !name_proxy_failure(easy, &peer, failure, error))
    name_failure(easy, &peer, failure, error);
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
  if (!failure->sent || (sent_bytes == 0 && !failure->again)) /* the proxy's CONNECT is counted there too */
    strcpy(error->code, HTTP_UNSENT);
}
