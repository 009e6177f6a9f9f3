# The Debian package: `cpack` in the build folder makes closesyncd_VERSION_ARCH.deb of what `cmake --install` installs.
#
# Included by CMakeLists.txt it tells CPack what goes into the package's control file; run by CPack, once everything is installed
# into the package's tree, it does there what Debian's helpers do: changelog, copyright, compressed manual pages. Two builds of one
# source give the same bytes: all times are those of the newest entry of config/debian/changelog (or $SOURCE_DATE_EPOCH).
cmake_minimum_required(VERSION 3.25)

# source_date(VARIABLE CHANGELOG): the seconds since 1970 of the newest entry.
function(source_date variable changelog)
  set(seconds "$ENV{SOURCE_DATE_EPOCH}")
  if(NOT seconds)
    file(STRINGS ${changelog} lines REGEX "^ -- ")
    list(GET lines 0 line)
    string(REGEX REPLACE "^.*>  " "" date "${line}")
    execute_process(COMMAND date -u -d "${date}" +%s OUTPUT_VARIABLE seconds OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  endif()
  set(${variable} ${seconds} PARENT_SCOPE)
endfunction()

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(CPACK_TEMPORARY_DIRECTORY) # CPack runs this file
  set(debian ${CPACK_CLOSESYNCD_DEBIAN})
  set(tree ${CPACK_TEMPORARY_DIRECTORY}/usr/share)
  source_date(seconds ${debian}/changelog)
  set(ENV{SOURCE_DATE_EPOCH} ${seconds}) # CPack's own archiver reads it

  file(GLOB manual ${tree}/man/man*/*)
  if(NOT manual)
    message(FATAL_ERROR "the package needs its manual pages: install scdoc, and build again in a new folder")
  endif()
  if(CPACK_CLOSESYNCD_SANITIZE)
    message(FATAL_ERROR "this build is for tests (SANITIZE=${CPACK_CLOSESYNCD_SANITIZE}): no package is made of it")
  endif()
  file(COPY_FILE ${debian}/copyright ${tree}/doc/closesyncd/copyright)
  file(COPY_FILE ${debian}/changelog ${tree}/doc/closesyncd/changelog)
  run(gzip -9n ${manual} ${tree}/doc/closesyncd/changelog)
  run(chmod -R u=rwX,go=rX ${CPACK_TEMPORARY_DIRECTORY}) # whatever the umask was
  return()
endif()

set(debian ${PROJECT_SOURCE_DIR}/config/debian)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${debian}/changelog)
source_date(SOURCE_DATE ${debian}/changelog)
file(STRINGS ${debian}/changelog entry LIMIT_COUNT 1)
if(NOT entry MATCHES "^closesyncd \\(${PROJECT_VERSION}\\) ")
  message(FATAL_ERROR "config/debian/changelog begins with \"${entry}\", but this is version ${PROJECT_VERSION}")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME closesyncd)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON) # there are files in /etc
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_FILE})
set(CPACK_CLOSESYNCD_DEBIAN ${debian})
set(CPACK_CLOSESYNCD_SANITIZE "${SANITIZE}")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "closesyncd maintainers <closesyncd@packages.invalid>")
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "mirror of the connected accounts in Close, with a history
closesyncd is a daemon that keeps an exact, current mirror of the connected
accounts (Gmail, Microsoft, custom SMTP/IMAP, Zoom, Calendly) of one or many
Close organizations in PostgreSQL tables, and writes down every change it ever
saw, with the two moments between which it happened.

The service is not started before it has been configured: see
/usr/share/doc/closesyncd/systemd/README.md.
")
# The libraries are found by dpkg-shlibdeps. Close is asked over TLS; user and state directory are made by systemd's tools.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql (>= 15)")
file(WRITE ${PROJECT_BINARY_DIR}/conffiles "/etc/closesyncd/closesyncd.conf\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
