#pragma once

#include <string>

namespace embedctl::http {

// Normalises the base URL: no trailing slashes. Throws Error{usage} where a key must not be sent:
// not http or https, a URL with user, password, query or fragment, or plain http to a host other
// than loopback unless `allow_insecure`.
std::string check_base_url(const std::string& url, bool allow_insecure);

// "api.openai.com" or "localhost:8080", for messages; empty if the URL is not valid.
std::string authority_of(const std::string& url);

// Whether libcurl will connect only to this machine.
bool is_loopback(const std::string& url);

} // namespace embedctl::http
