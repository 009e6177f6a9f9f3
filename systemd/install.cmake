# The services and their user. systemd reads lib/ below /usr and /usr/local alike, and finds the binary by its name in both.
file(GLOB units CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/systemd/*.service ${PROJECT_SOURCE_DIR}/systemd/*.timer)
install(FILES ${units} DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/closesyncd.sysusers.conf DESTINATION lib/sysusers.d RENAME closesyncd.conf)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/closesyncd.tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME closesyncd.conf)
file(GLOB catalogs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/systemd/*.catalog)
install(FILES ${catalogs} DESTINATION lib/systemd/catalog)
